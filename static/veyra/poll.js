// Parts of a page that are fetched anew every few seconds while somebody looks at them.
"use strict";

for (const part of document.querySelectorAll("[data-poll]")) {
  const door = new URL(part.dataset.poll, location.href);
  door.searchParams.set("part", "1");
  let said = null;

  async function look() {
    // What the reader has begun to press or to read aloud stays as it is.
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(door, { redirect: "error" });
      if (!answer.ok) return;
      const text = await answer.text();
      const open = [...part.querySelectorAll("details")].map((each) => each.open);
      if (text !== said) {
        part.innerHTML = text;
        part.querySelectorAll("details").forEach((each, place) => { each.open = Boolean(open[place]); });
      }
      said = text;
    } catch {
      // The next look will do.
    }
  }

  setInterval(look, 1000 * part.dataset.every);
  document.addEventListener("visibilitychange", look);
}
