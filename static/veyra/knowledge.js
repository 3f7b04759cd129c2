// What an assistant would find in the documents that are ticked.
"use strict";

document.querySelectorAll("[data-knowledge]").forEach((part) => {
  const form = part.closest("form");
  const question = part.querySelector("[data-question]");
  const found = part.querySelector("[data-found]");
  // Unfold would write the name of a chosen file into the nearest text field, which is for other words.
  part.querySelectorAll("[type=file]").forEach((input) => { input.hasChangeListener = true; });
  if (!question) return;

  async function find() {
    const body = new FormData();
    body.set("question", question.value);
    part.querySelectorAll("[name$=-known]:checked").forEach((box) => body.append("known", box.value));
    const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
    const answer = await fetch(part.dataset.knowledge, { method: "POST", body, headers, redirect: "error" });
    if (answer.ok) found.innerHTML = await answer.text();
  }

  part.querySelector("[data-find]").addEventListener("click", find);
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // else the page would be saved
    find();
  });
});
