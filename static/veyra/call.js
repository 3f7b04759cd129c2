// The page of one call: fetched again when the socket names the call, and slowly while it goes on.
"use strict";

const page = document.getElementById("call");
const own = page.querySelector("[data-call]").dataset.call;
let asked = false; // twice a second at most
let again = false; // something changed meanwhile
let wait = 500;

async function refresh() {
  again = asked;
  if (asked || document.hidden) return;
  asked = true;
  try {
    const answer = await fetch(page.dataset.part, { redirect: "error" });
    if (answer.ok) replace(await answer.text());
  } catch {
    // Away for a moment: the next look will do.
  }
  setTimeout(() => {
    asked = false;
    if (again) refresh();
  }, 500);
}

function replace(html) {
  const open = page.querySelector("details")?.open;
  page.innerHTML = html;
  const details = page.querySelector("details");
  if (details) details.open = open;
  clocks.show();
}

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

if (goesOn()) {
  connect();
  setInterval(() => goesOn() && refresh(), 5000);
}
