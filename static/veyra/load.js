// Parts of a page that take seconds to make: fetched once, when the page stands.
"use strict";

for (const part of document.querySelectorAll("[data-load]")) {
  fetch(part.dataset.load, { redirect: "error" })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
    .then((text) => { part.innerHTML = text; })
    .catch(() => { document.getElementById("not-looked").hidden = false; });
}
