// Parts of a page that change: while one waits for something, it is fetched every second.
"use strict";

// What each part was told last.
const said = new WeakMap();

async function follow(part) {
  if (!part.querySelector("[data-waiting]")) return;
  try {
    const answer = await fetch(part.dataset.part, { redirect: "error" });
    const text = answer.ok ? await answer.text() : said.get(part);
    // What the reader is about to press stays under his finger.
    if (text !== said.get(part)) part.innerHTML = text;
    said.set(part, text);
  } catch {
    // The next look will do.
  }
  setTimeout(follow, 1000, part);
}

for (const part of document.querySelectorAll("[data-part]")) setTimeout(follow, 1000, part);
