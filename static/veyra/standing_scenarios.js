// Before an assistant is published its scenarios are played, where they were not, and the page says
// how they stand. Publishing in spite of it needs a tick.
"use strict";

const standing = document.getElementById("standing");
const spite = document.getElementById("in-spite");
const tick = spite.querySelector("input");
const token = document.querySelector("[name=csrfmiddlewaretoken]").value;

function fit() {
  const isGood = Boolean(standing.querySelector(".vy-good"));
  spite.hidden = isGood;
  tick.required = !isGood;
}

async function look() {
  try {
    const answer = await fetch(standing.dataset.door, { redirect: "error" });
    if (answer.ok) standing.innerHTML = await answer.text();
  } catch {
    // The next look will do.
  }
  fit();
  if (standing.querySelector("[data-waiting]")) setTimeout(look, 1000);
}

async function play() {
  const form = new FormData();
  form.set("quiet", "1");
  try {
    await fetch(standing.dataset.play, { method: "POST", headers: { "X-CSRFToken": token }, body: form, redirect: "error" });
  } catch {
    return; // it stands there that they were not played
  }
  look();
}

fit();
if (standing.querySelector("[data-unplayed]")) play();
else if (standing.querySelector("[data-waiting]")) look();
