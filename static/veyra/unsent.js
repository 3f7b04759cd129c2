// Whose login ended while he wrote is led to log in, and what he sent is gone. So it is kept in this
// tab as it is sent, and offered once more when the page stands again as it stood before.
"use strict";

const unsent = document.querySelector("[data-unsent]");
const sheet = unsent?.closest("form");
// Of one person: another may log in in the same tab.
const UNSENT = `vy-unsent:${unsent?.dataset.unsent}:${location.pathname}`;
const TOKEN = "csrfmiddlewaretoken";

// [name, value] of each field but for files, which no page may give again.
function pairsOf(button) {
  const all = [...new FormData(sheet, button)];
  return all.filter(([name, value]) => name !== TOKEN && typeof value === "string");
}

const revisionIn = (pairs) => new Map(pairs).get("revision") ?? "";

// Each saving makes another revision. A new row has none: then only who comes from elsewhere than
// from a page that saves it may have lost something.
function isLost(pairs) {
  const revision = revisionIn(pairs);
  if (document.querySelector(".errornote") || revision !== revisionIn(pairsOf())) return false;
  const from = document.referrer && new URL(document.referrer).pathname;
  return Boolean(revision) || !from || /\/(login|account)\//.test(from);
}

function sendAgain(pairs) {
  const again = document.createElement("form");
  again.method = "post";
  again.enctype = "multipart/form-data";
  for (const [name, value] of [...pairs, [TOKEN, sheet.elements[TOKEN].value]]) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    again.append(field);
  }
  document.body.append(again);
  sessionStorage.removeItem(UNSENT);
  again.submit();
}

function offer() {
  const pairs = JSON.parse(sessionStorage.getItem(UNSENT) ?? "[]");
  if (!pairs.length || !isLost(pairs)) return sessionStorage.removeItem(UNSENT);
  unsent.hidden = false;
  // Who goes back comes to where he wrote, far below.
  history.scrollRestoration = "manual";
  unsent.scrollIntoView({ block: "center" });
  unsent.querySelector("[data-send]").addEventListener("click", () => sendAgain(pairs));
  unsent.querySelector("[data-forget]").addEventListener("click", () => {
    sessionStorage.removeItem(UNSENT);
    unsent.hidden = true;
  });
}

if (sheet) {
  offer();
  sheet.addEventListener("submit", (event) => {
    try {
      sessionStorage.setItem(UNSENT, JSON.stringify(pairsOf(event.submitter)));
    } catch {
      // What is larger than a tab may keep is sent all the same.
    }
  });
}
