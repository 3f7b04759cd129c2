// The first login: the browser's own time zone is offered, the recovery sheet can be copied.
"use strict";

const zone = document.getElementById("id_time_zone");
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (!document.querySelector(".vy-error") && [...zone.options].some((option) => option.value === own)) {
  zone.value = own;
}

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
document.querySelector("[data-print]")?.addEventListener("click", () => print());
