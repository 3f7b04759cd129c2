// Test calls: while one goes on, its state is fetched every second.
"use strict";

const tests = document.getElementById("tests");

async function follow() {
  if (!tests.querySelector("[data-waiting]")) return;
  try {
    const answer = await fetch(tests.dataset.part, { redirect: "error" });
    if (answer.ok) tests.innerHTML = await answer.text();
  } catch {
    // The next look will do.
  }
  setTimeout(follow, 1000);
}

setTimeout(follow, 1000);
