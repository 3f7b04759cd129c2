// Buttons that copy the text of another element or field, also those that come to the page later.
"use strict";

(() => {
  const told = document.createElement("span");
  told.className = "vy-unseen";
  told.role = "status";
  document.body.append(told);

  // The clipboard holds one thing: the button of what it held says again what it does.
  function done(button) {
    for (const other of document.querySelectorAll(".vy-copied")) {
      other.classList.remove("vy-copied");
      other.textContent = other.dataset.before;
    }
    button.dataset.before = button.textContent;
    button.classList.add("vy-copied");
    button.textContent = button.dataset.done;
    told.textContent = button.dataset.done;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      done(button);
    } catch {
      // Without https the clipboard is closed: select the text, so that Ctrl+C takes it.
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
    }
  });
})();
