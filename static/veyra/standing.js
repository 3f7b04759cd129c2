// How saved rows stand in LiveKit. While one of them is on its way or in trouble, the page is fetched
// again and what [data-standing] says is renewed; the rest, a form being filled in, is let alone.
"use strict";

// Milliseconds to the next look. What is live, or switched off, stays so by itself.
const SOON = { warning: 2000, danger: 5000 };

function renew(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const old of document.querySelectorAll("[data-standing]")) {
    const now = fresh.querySelector(`[data-standing="${old.dataset.standing}"]`);
    if (now && now.outerHTML !== old.outerHTML) old.replaceWith(document.adoptNode(now));
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
