// The first login: the browser's own time zone is offered, the recovery sheet can be printed.
"use strict";

const zone = document.getElementById("id_time_zone");
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (!document.querySelector(".vy-error") && [...zone.options].some((option) => option.value === own)) {
  zone.value = own;
}

document.querySelector("[data-print]")?.addEventListener("click", () => print());
