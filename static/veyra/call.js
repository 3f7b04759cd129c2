// The page of one call: fetched again when the socket names the call, and slowly while it goes on.
"use strict";

const page = document.getElementById("call");
const own = page.querySelector("[data-call]").dataset.call;
const find = page.querySelector(".vy-find");
let asked = false; // twice a second at most
let again = false; // something changed meanwhile
let wait = 500;

function wanted() {
  return find ? find.elements.q.value.trim() : "";
}

async function refresh() {
  again = asked;
  if (asked || document.hidden) return;
  asked = true;
  try {
    const query = new URLSearchParams({ part: "1", q: wanted() });
    const answer = await fetch(`?${query}`, { redirect: "error" });
    if (answer.ok) replace(await answer.text());
  } catch {
    // Away for a moment: the next look will do.
  }
  setTimeout(() => {
    asked = false;
    if (again) refresh();
  }, 500);
}

// What the reader types, marks and unfolds stays: only fragments that differ change.
function replace(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  for (const part of fresh.content.querySelectorAll("[data-fragment]")) {
    const old = page.querySelector(`[data-fragment="${part.dataset.fragment}"]`);
    if (old && shown.get(part.dataset.fragment) !== part.outerHTML) {
      shown.set(part.dataset.fragment, part.outerHTML);
      old.replaceWith(part);
    }
  }
  if (goToNext.at) document.getElementById(goToNext.at)?.classList.add("vy-here");
  clocks.show();
}
// What each fragment was fetched as last: clocks and opened parts change what stands on the page.
const shown = new Map();
for (const part of page.querySelectorAll("[data-fragment]")) shown.set(part.dataset.fragment, part.outerHTML);

function goesOn() {
  const told = page.querySelector("[data-call]").dataset;
  return told.state !== "ended" || "goesOn" in told;
}

function connect() {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/live/`);
  socket.onmessage = ({ data }) => {
    wait = 500;
    if (JSON.parse(data).rows.some(({ id }) => id === own)) refresh();
  };
  socket.onclose = () => {
    if (!goesOn()) return;
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 10000);
  };
}

// From one line that was found to the next, and round again.
function goToNext() {
  const found = [...page.querySelectorAll("[data-found]")];
  const here = found.findIndex((line) => line.id === goToNext.at);
  const next = found[(here + 1) % found.length];
  if (!next) return;
  goToNext.at = next.id;
  for (const line of found) line.classList.toggle("vy-here", line === next);
  next.scrollIntoView({ block: "center", behavior: "smooth" });
}

if (find) {
  let typing = 0;
  find.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const words = wanted();
      history.replaceState(null, "", words ? `?${new URLSearchParams({ q: words })}` : location.pathname);
      goToNext.at = "";
      refresh();
    }, 250);
  });
  find.addEventListener("submit", (event) => {
    event.preventDefault();
    goToNext();
  });
}

page.addEventListener("vy-changed", refresh);
if (goesOn()) {
  connect();
  setInterval(() => goesOn() && refresh(), 5000);
}
