// A call that was asked for: until somebody has seen it its state is fetched, then its page opens. Who
// speaks in it himself stays here, and is told how it goes.
"use strict";

const place = document.getElementById("call-out");
const began = Date.now();
let told = "";

async function follow() {
  const card = place.querySelector("section");
  if (card.dataset.call && Date.now() - began > 500) {
    location.replace(card.dataset.call);
    return;
  }
  if (!("waiting" in card.dataset || "talks" in card.dataset)) return;
  try {
    const answer = await fetch(place.dataset.part, { redirect: "error" });
    const news = answer.ok ? await answer.text() : told;
    if (news !== told) place.innerHTML = told = news;
  } catch {
    // The next look will do.
  }
  setTimeout(follow, 500);
}

// Whoever opens a call that was seen long ago stays here, where the reserve's try is named too.
if (place.querySelector("[data-waiting], [data-talks]")) setTimeout(follow, 500);
