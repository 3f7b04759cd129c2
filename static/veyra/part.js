// Parts of a page that change: while one waits for something, it is fetched every second.
"use strict";

async function follow(part) {
  if (!part.querySelector("[data-waiting]")) return;
  try {
    const answer = await fetch(part.dataset.part, { redirect: "error" });
    if (answer.ok) part.innerHTML = await answer.text();
  } catch {
    // The next look will do.
  }
  setTimeout(follow, 1000, part);
}

for (const part of document.querySelectorAll("[data-part]")) setTimeout(follow, 1000, part);
