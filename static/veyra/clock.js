// Seconds that count in the browser, by the server's clock: <time data-since="unix" data-until="unix">.
"use strict";

const clocks = {
  ahead: 0, // how far this browser's clock is ahead of the server's, in milliseconds
  set(serverMilliseconds) {
    clocks.ahead = Date.now() - serverMilliseconds;
    clocks.show();
  },
  show(within = document) {
    for (const clock of within.querySelectorAll("time[data-since]")) {
      const until = clock.dataset.until ? clock.dataset.until * 1000 : Date.now() - clocks.ahead;
      const seconds = Math.max(0, Math.floor((until - clock.dataset.since * 1000) / 1000));
      const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      // Writing the same again would have the browser lay it out again.
      if (clock.textContent !== text) clock.textContent = text;
    }
  },
};

const start = document.querySelector("[data-now]");
if (start) clocks.set(start.dataset.now * 1000);
setInterval(() => clocks.show(), 1000);
