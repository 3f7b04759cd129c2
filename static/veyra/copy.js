// Buttons that copy the text of another element or field, also those that come to the page later.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.textContent = button.dataset.done;
  } catch {
    // Without https the clipboard is closed: select the text, so that Ctrl+C takes it.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
  }
});
