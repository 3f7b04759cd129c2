// How saved rows stand in LiveKit. While one of them is on its way, the page is fetched again and
// what [data-standing] says is renewed; the rest of the page, a form being filled in, is let alone.
"use strict";

const SOON = 2000;

function renew(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const old of document.querySelectorAll("[data-standing]")) {
    const now = fresh.querySelector(`[data-standing="${old.dataset.standing}"]`);
    if (now && now.outerHTML !== old.outerHTML) old.replaceWith(document.adoptNode(now));
  }
}

async function follow() {
  if (!document.querySelector('[data-standing][data-colour="warning"]')) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { redirect: "error" });
      if (answer.ok) renew(await answer.text());
    } catch {
      // The next look will do.
    }
  }
  setTimeout(follow, SOON);
}

setTimeout(follow, SOON);
