// The board: the whole of it when the socket opens, then the rows that changed. While there is no
// socket the board is fetched slowly; while the tab is hidden nothing is.
"use strict";

const board = document.getElementById("board");
const link = document.getElementById("link");
const LINGER = 8000; // an ended call leaves the board after this many milliseconds
const FORBIDDEN = 4403;
let socket = null;
let wait = 500;

function show({ now, full, rows, gone }) {
  clocks.set(now);
  if (full) board.replaceChildren();
  for (const id of gone) document.getElementById(`call-${id}`)?.remove();
  for (const { id, html } of rows) {
    const place = document.getElementById(`call-${id}`);
    if (place) place.outerHTML = html;
    else board.insertAdjacentHTML(full ? "beforeend" : "afterbegin", html);
  }
  clocks.show();
}

function leave() {
  const now = Date.now() - clocks.ahead;
  for (const row of board.querySelectorAll("[data-ended]")) {
    if (now - row.querySelector("time").dataset.until * 1000 > LINGER) row.remove();
  }
}

function say(live) {
  link.textContent = live ? link.dataset.live : link.dataset.slow;
  link.classList.toggle("vy-good", live);
  link.classList.toggle("vy-wait", !live);
}

function connect() {
  if (socket || document.hidden) return;
  const mine = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/live/`);
  socket = mine;
  mine.onmessage = ({ data }) => {
    wait = 500;
    say(true);
    show(JSON.parse(data));
  };
  mine.onclose = ({ code }) => {
    if (socket !== mine) return;
    socket = null;
    // No longer allowed: the page itself says so, and shows nothing more.
    if (code === FORBIDDEN) location.reload();
    if (document.hidden) return;
    say(false);
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 10000);
  };
}

async function poll() {
  if (document.hidden || socket?.readyState === WebSocket.OPEN) return;
  try {
    const answer = await fetch(board.dataset.rows, { redirect: "error" });
    if (answer.ok) show(await answer.json());
  } catch {
    // The server is away too; the next poll or the socket will tell.
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) socket?.close();
  else connect();
});
connect();
setInterval(leave, 1000);
setInterval(poll, 10000);
