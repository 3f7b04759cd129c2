// The board: the whole of it when the socket opens, then the rows that changed. While there is no
// socket the board is fetched slowly. A tab that nobody looks at is kept up to date too: its title
// is read all the same.
"use strict";

const page = document.getElementById("live");
const board = document.getElementById("board");
const troubled = document.getElementById("troubled");
const handCount = document.getElementById("hand-count");
const strip = document.getElementById("needs");
const link = document.getElementById("link");
const onWall = new URLSearchParams(location.search).has("wall");
const LINGER = 8000; // an ended call leaves the board after this many milliseconds
const MANY = 30; // so many calls are set closer
const FORBIDDEN = 4403;
const calls = new Map(); // what is known of each call that is here
const paper = document.createElement("template");
let socket = null;
let wait = 500;

const clock = () => Date.now() - clocks.ahead;

// Hundreds of calls are here and some change at a time, so only their rows are touched.
function show({ now, full, rows, gone, needs }) {
  clocks.ahead = Date.now() - now;
  if (full) {
    const here = new Set(rows.map(({ id }) => id));
    gone = [...calls.keys()].filter((id) => !here.has(id));
  }
  gone.forEach(drop);
  // The newest come first, and last to their place: above the others, which is soon found.
  for (const { id, html } of rows.reverse()) if (calls.get(id)?.html !== html) renew(id, html);
  if (needs !== null) showNeeds(needs);
  tell();
}

// What stands in the strip already stays: an alert that is put in anew is read aloud anew.
function showNeeds(html) {
  paper.innerHTML = html;
  const needs = [...paper.content.children];
  for (const old of [...strip.children]) if (!needs.some((need) => need.isEqualNode(old))) old.remove();
  needs.forEach((need, index) => {
    const here = strip.children[index];
    if (!here?.isEqualNode(need)) strip.insertBefore(need, here ?? null);
  });
}

function drop(id) {
  calls.get(id)?.row.remove();
  calls.delete(id);
}

function renew(id, html) {
  paper.innerHTML = html;
  const call = read(paper.content.firstElementChild, html);
  const before = calls.get(id)?.row;
  calls.set(id, call);
  clocks.show(call.row);
  place(call, before);
}

// What its row tells of a call, times in milliseconds.
function read(row, html) {
  const { call, number, agent, phase, state, hand, started, troubleAt, ended } = row.dataset;
  const time = ended === undefined ? null : row.querySelector("time");
  return {
    id: call,
    row,
    html,
    number,
    agent,
    phase,
    state,
    hand,
    started: started * 1000,
    troubleAt: troubleAt === undefined ? Infinity : troubleAt * 1000,
    endedAt: time ? time.dataset.until * 1000 : Infinity,
    isTroubled: false,
    isShown: true,
  };
}

// Where a call belongs, in the place of the row that it had before. What the reader holds with the
// keyboard stays held.
function place(call, before = call.row) {
  const { row } = call;
  call.isTroubled = call.troubleAt <= clock();
  sieve(call);
  const held = [...before.querySelectorAll("a")].indexOf(document.activeElement);
  if (before !== row) before.replaceWith(row);
  const list = call.isTroubled ? troubled : board;
  if (row.parentElement !== list || !standsRight(row)) list.insertBefore(row, follower(call, list));
  if (held >= 0) hold(row, held);
}

// The same of its links as before; the first one, where that one is not shown any more.
function hold(row, index) {
  const links = row.querySelectorAll("a");
  links[index]?.focus({ preventScroll: true });
  if (!row.contains(document.activeElement)) links[0].focus({ preventScroll: true });
}

// Calls that need a hand stand on top, who has waited longest first; the others the newest first.
// Those of one second stand by their ids, so that every board shows them alike.
const rank = (call) => (call.isTroubled ? call.troubleAt : -call.started);
const ofRow = (row) => calls.get(row.dataset.call);

function precedes(call, other) {
  const apart = rank(call) - rank(other);
  return apart < 0 || (apart === 0 && call.id < other.id);
}

function standsRight(row) {
  const { previousElementSibling: above, nextElementSibling: below } = row;
  const call = ofRow(row);
  return (!above || precedes(ofRow(above), call)) && (!below || precedes(call, ofRow(below)));
}

function follower(call, list) {
  return Array.from(list.children).find((row) => precedes(call, ofRow(row))) ?? null;
}

function sieve(call) {
  call.isShown = sift.matches(call);
  if (call.row.hidden === call.isShown) call.row.hidden = !call.isShown;
}

// What is said of all calls together.
function tell() {
  const all = [...calls.values()];
  const shown = all.filter((call) => call.isShown);
  const hands = shown.filter((call) => call.isTroubled);
  if (handCount.textContent !== String(hands.length)) handCount.textContent = hands.length;
  page.classList.toggle("vy-calm", hands.length === 0);
  page.classList.toggle("vy-nobody", all.length === 0);
  page.classList.toggle("vy-many", shown.length > MANY);
  sift.offer(all);
  sift.count(shown.length, all.length);
  const mute = strip.querySelector("[data-mute]") ? ["mute"] : [];
  alarm.tell([...mute, ...hands.map(({ id, hand }) => `${id} ${hand}`)]);
  if (onWall) tally(shown, hands.length);
}

function tally(shown, hands) {
  const of = (state) => shown.filter((call) => call.state === state).length;
  const counts = { ringing: of("ringing"), answered: of("answered"), hand: hands };
  for (const field of page.querySelectorAll("[data-count]")) field.textContent = counts[field.dataset.count];
  const below = document.getElementById("below");
  const out = shown.filter(({ row }) => row.getBoundingClientRect().bottom > innerHeight).length;
  below.hidden = out === 0;
  below.textContent = below.dataset.words.replace("{count}", out);
}

// What time alone changes: who has waited for too long, and whose end was long enough ago.
function tick() {
  const now = clock();
  const due = [...calls.values()].filter((call) => call.troubleAt <= now !== call.isTroubled);
  const over = [...calls.values()].filter((call) => now - call.endedAt > LINGER);
  due.forEach((call) => place(call));
  over.forEach(({ id }) => drop(id));
  if (onWall || due.length || over.length) tell();
}

function siftAll() {
  sift.write();
  calls.forEach(sieve);
  tell();
}

function say(live) {
  link.textContent = live ? link.dataset.live : link.dataset.slow;
  link.classList.toggle("vy-good", live);
  link.classList.toggle("vy-wait", !live);
}

function connect() {
  if (socket) return;
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
    say(false);
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 10000);
  };
}

const isConnected = () => socket?.readyState === WebSocket.OPEN;

async function poll() {
  if (isConnected()) return;
  try {
    const answer = await fetch(page.dataset.rows + (onWall ? "?wall" : ""), { redirect: "error" });
    if (!answer.ok) return;
    const news = await answer.json();
    // What the socket has told meanwhile is newer.
    if (!isConnected()) show(news);
  } catch {
    // The server is away too; the next poll or the socket will tell.
  }
}

// A screen on the wall stays lit, where the browser lets a page ask for that.
async function stayLit() {
  if (onWall && !document.hidden) await navigator.wakeLock?.request("screen").catch(() => {});
}

document.addEventListener("visibilitychange", stayLit);
sift.form.addEventListener("change", siftAll);
sift.form.addEventListener("reset", () => setTimeout(siftAll));
for (const row of board.children) calls.set(row.dataset.call, read(row));
calls.forEach((call) => place(call));
tell();
connect();
stayLit();
setInterval(tick, 1000);
setInterval(poll, 10000);
