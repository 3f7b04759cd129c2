// Buttons that copy the text of another element.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = button.dataset.done;
    } catch {
      // Without https the clipboard is closed: select the text, so that Ctrl+C takes it.
      getSelection().selectAllChildren(source);
    }
  });
}
