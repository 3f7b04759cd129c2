// The board: the whole of it when the socket opens, then the rows that changed. While there is no
// socket the board is fetched slowly; while nobody looks at the tab or listens to it nothing is.
"use strict";

const page = document.getElementById("live");
const board = document.getElementById("board");
const troubled = document.getElementById("troubled");
const handCount = document.getElementById("hand-count");
const link = document.getElementById("link");
const onWall = new URLSearchParams(location.search).has("wall");
const LINGER = 8000; // an ended call leaves the board after this many milliseconds
const MANY = 30; // so many calls are set closer
const FORBIDDEN = 4403;
const texts = new Map(); // what each call's row was told last
let socket = null;
let wait = 500;

const isIdle = () => document.hidden && !alarm.isOn;
const all = () => Array.from(page.querySelectorAll(".vy-call"));
const rowOf = (id) => document.getElementById(`call-${id}`);

function show({ now, full, rows, gone, needs }) {
  clocks.ahead = Date.now() - now;
  if (full) {
    const here = new Set(rows.map(({ id }) => id));
    gone = all().map((row) => row.dataset.call).filter((id) => !here.has(id));
  }
  for (const id of gone) drop(rowOf(id));
  for (const { id, html } of rows) {
    const place = rowOf(id);
    if (place && texts.get(id) === html) continue;
    texts.set(id, html);
    if (place) renew(place, html);
    else board.insertAdjacentHTML(full ? "beforeend" : "afterbegin", html);
  }
  if (needs !== null) document.getElementById("needs").innerHTML = needs;
  arrange();
  clocks.show();
}

function drop(row) {
  if (!row) return;
  texts.delete(row.dataset.call);
  row.remove();
}

// What the reader holds with the keyboard stays held.
function renew(row, html) {
  const isHeld = row.contains(document.activeElement);
  const { id } = row;
  row.outerHTML = html;
  if (isHeld) document.getElementById(id).querySelector("a").focus({ preventScroll: true });
}

const clock = () => Date.now() - clocks.ahead;
const isTroubled = ({ dataset }) => "troubleAt" in dataset && dataset.troubleAt * 1000 <= clock();

// Calls that need a hand stand on top, who has waited longest first; the others the newest first.
function arrange() {
  const rows = all();
  const hands = rows.filter(isTroubled).sort((a, b) => a.dataset.troubleAt - b.dataset.troubleAt);
  const others = rows.filter((row) => !isTroubled(row)).sort((a, b) => b.dataset.started - a.dataset.started);
  sift.offer(rows);
  place(troubled, hands);
  place(board, others);
  const shown = rows.filter((row) => {
    const isShown = sift.matches(row, isTroubled(row));
    if (row.hidden === isShown) row.hidden = !isShown;
    return isShown;
  });
  const calling = shown.filter(isTroubled);
  if (handCount.textContent !== String(calling.length)) handCount.textContent = calling.length;
  page.classList.toggle("vy-calm", calling.length === 0);
  page.classList.toggle("vy-nobody", rows.length === 0);
  page.classList.toggle("vy-many", shown.length > MANY);
  sift.count(shown.length, rows.length);
  alarm.tell(calling.map((row) => `${row.dataset.call} ${row.dataset.hand}`));
  if (onWall) tally(shown, calling.length);
}

function place(parent, rows) {
  rows.forEach((row, number) => {
    const there = parent.children[number];
    if (there === row) return;
    const held = row.contains(document.activeElement) ? document.activeElement : null;
    parent.insertBefore(row, there ?? null);
    held?.focus({ preventScroll: true });
  });
}

function tally(shown, hands) {
  const of = (state) => shown.filter((row) => row.dataset.state === state).length;
  const counts = { ringing: of("ringing"), answered: of("answered"), hand: hands };
  for (const place of page.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count];
  const below = document.getElementById("below");
  const out = shown.filter((row) => row.getBoundingClientRect().bottom > innerHeight).length;
  below.hidden = out === 0;
  below.textContent = below.dataset.words.replace("{count}", out);
}

function tick() {
  for (const row of page.querySelectorAll("[data-ended]"))
    if (clock() - row.querySelector("time").dataset.until * 1000 > LINGER) drop(row);
  arrange();
}

function say(live) {
  link.textContent = live ? link.dataset.live : link.dataset.slow;
  link.classList.toggle("vy-good", live);
  link.classList.toggle("vy-wait", !live);
}

function connect() {
  if (socket || isIdle()) return;
  const mine = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/live/${onWall ? "?wall" : ""}`);
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
    if (isIdle()) return;
    say(false);
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 10000);
  };
}

async function poll() {
  if (isIdle() || socket?.readyState === WebSocket.OPEN) return;
  try {
    const answer = await fetch(page.dataset.rows + (onWall ? "?wall" : ""), { redirect: "error" });
    if (answer.ok) show(await answer.json());
  } catch {
    // The server is away too; the next poll or the socket will tell.
  }
}

// A screen on the wall stays lit, where the browser lets a page ask for that.
async function stayLit() {
  if (onWall && !document.hidden) await navigator.wakeLock?.request("screen").catch(() => {});
}

document.addEventListener("visibilitychange", () => {
  if (isIdle()) socket?.close();
  else connect();
  stayLit();
});
sift.form.addEventListener("change", () => {
  sift.write();
  arrange();
});
sift.form.addEventListener("reset", () => setTimeout(() => {
  sift.write();
  arrange();
}));
arrange();
connect();
stayLit();
setInterval(tick, 1000);
setInterval(poll, 10000);
