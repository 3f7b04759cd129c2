// How saved rows stand in LiveKit, and whether the line is well. While one of them is on its way or in
// trouble, the page is fetched again and what [data-standing] says is renewed; the rest, a form being
// filled in, is let alone. What the reader has opened stays open.
"use strict";

// Milliseconds to the next look. A row that is live, or switched off, stays so by itself.
const SOON = { warning: 2000, danger: 5000, signed: 8000, watched: 15000 };

function renew(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const old of document.querySelectorAll("[data-standing]")) {
    const now = fresh.querySelector(`[data-standing="${old.dataset.standing}"]`);
    for (const part of now?.querySelectorAll("details[id]") ?? [])
      part.open = document.getElementById(part.id)?.open ?? part.open;
    // What the reader is about to press stays under his finger.
    const held = old.contains(document.activeElement);
    if (now && !held && now.outerHTML !== old.outerHTML) old.replaceWith(document.adoptNode(now));
  }
}

function pause() {
  const rows = document.querySelectorAll("[data-standing]");
  return Math.min(...Array.from(rows, (row) => SOON[row.dataset.colour] ?? Infinity));
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { redirect: "error" });
      if (answer.ok) renew(await answer.text());
    } catch {
      // The next look will do.
    }
  }
  follow();
}

function follow() {
  if (pause() < Infinity) setTimeout(look, pause());
}

addEventListener("DOMContentLoaded", follow);
