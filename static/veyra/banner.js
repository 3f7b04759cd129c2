// Whether callers hear anything, on whatever page is open: looked up while somebody looks at it.
"use strict";

{
  const banner = document.getElementById("banner");
  const EVERY = 15000;
  let said = banner.innerHTML.trim();

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(banner.dataset.door, { redirect: "error" });
      const text = answer.ok ? (await answer.text()).trim() : said;
      // What is said anew is read aloud anew.
      if (text !== said) banner.innerHTML = said = text;
    } catch {
      // The server is away too; the next look will do.
    }
  }

  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
