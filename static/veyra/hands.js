// What staff do to a call from its page: sent without leaving it, and told how it went.
const place = document.getElementById("hands")?.parentElement;
const story = document.querySelector("[data-call]")?.parentElement;

const hands = () => document.getElementById("hands");

// What is typed or about to be pressed stays under the finger, unless it was just sent.
function show(html, { sent }) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const news = fresh.content.getElementById("hands");
  const old = hands();
  if (!news) {
    old.remove();
    return;
  }
  if (sent || !old.querySelector("details[open]")) {
    old.replaceWith(news);
    return;
  }
  for (const part of ["[data-deeds]", ".vy-recorder"]) {
    const [fresher, shown] = [news.querySelector(part), old.querySelector(part)];
    if (fresher && shown && fresher.textContent !== shown.textContent) shown.replaceWith(fresher);
  }
  old.toggleAttribute("data-waiting", "waiting" in news.dataset);
}

async function look() {
  if (!hands() || document.hidden) return;
  try {
    const answer = await fetch(hands().dataset.door, { redirect: "error" });
    if (answer.ok) show(await answer.text(), { sent: false });
  } catch {
    // The next look will do.
  }
}

async function send(form, pressed) {
  const asked = new FormData(form, pressed);
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    const answer = await fetch(`${form.action}?part=1`, { method: "POST", body: asked, redirect: "error" });
    if (answer.status === 200 || answer.status === 400) return show(await answer.text(), { sent: true });
    // The right was withdrawn, or the call is gone: the page itself says so.
    if (answer.status === 403 || answer.status === 404) return location.reload();
  } catch {
    // Away, or the login is over.
  }
  // What was typed stays, and whoever is in the talk stays there: a new page would take him out.
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  form.querySelector("[data-away]").hidden = false;
}

if (place) {
  place.addEventListener("submit", (event) => {
    if (!event.target.closest("#hands")) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  setInterval(() => hands() && "waiting" in hands().dataset && look(), 1000);
  // A call that was answered can be transferred, one that is over cannot be ended; what is recorded
  // can be paused.
  const stands = () => {
    const call = document.querySelector("[data-call]");
    return call && `${call.dataset.state} ${call.querySelector(".vy-record")?.textContent ?? ""}`;
  };
  let state = stands();
  new MutationObserver(() => {
    const now = stands();
    if (now && now !== state) {
      state = now;
      look();
    }
  }).observe(story, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-state"] });
}
