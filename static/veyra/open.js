// Parts of a page that somebody may never open: fetched each time they are opened.
"use strict";

for (const part of document.querySelectorAll("details[data-open]")) {
  const wait = part.querySelector("[data-wait]");
  const place = document.createElement("div");
  part.append(place);
  part.addEventListener("toggle", () => {
    if (!part.open) return;
    wait.hidden = false;
    fetch(part.dataset.open, { redirect: "error" })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
      .then((text) => { place.innerHTML = text; wait.hidden = true; })
      .catch(() => { wait.hidden = true; place.textContent = part.dataset.failed; });
  });
}
