// The words of the glossary, explained where they stand: beside the names of fields and columns.
"use strict";

(() => {
  const told = JSON.parse(document.getElementById("vy-words").textContent);
  // unfold marks neither the fields that are only read nor their rows, so a name is known by itself.
  const named = new Map(told.map((one) => [one.label.trim(), one]));
  const places = ["#result_list th .text", ".inline-group th", ".field-line label", ".vy-field label"];
  const names = document.querySelectorAll(places.join());
  const meaning = document.createElement("div");
  meaning.className = "vy-meaning";
  meaning.popover = "manual";
  meaning.role = "tooltip";
  document.body.append(meaning);

  function show(word, place) {
    const head = document.createElement("b");
    head.textContent = `${word.word}. `;
    meaning.replaceChildren(head, word.meaning);
    meaning.showPopover();
    const at = place.getBoundingClientRect();
    const room = document.documentElement.clientWidth - meaning.offsetWidth - 8;
    const below = at.bottom + meaning.offsetHeight + 8 < innerHeight;
    meaning.style.left = `${Math.max(8, Math.min(at.left, room))}px`;
    meaning.style.top = `${below ? at.bottom + 6 : at.top - meaning.offsetHeight - 6}px`;
  }

  const hide = () => meaning.hidePopover();

  function explain(name, word) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "vy-what";
    button.textContent = "?";
    // Of no form: Django gives the focus of a new row's page to the first element of its form.
    button.setAttribute("form", "");
    button.setAttribute("aria-label", `${word.word}. ${word.meaning}`);
    // Such a field is a column, in which both are one row.
    const pair = document.createElement("span");
    name.classList.add("vy-word");
    if (name.closest(".vy-field")) {
      name.replaceWith(pair);
      pair.append(name);
    }
    name.after(button);
    for (const one of [name, button]) {
      one.addEventListener("mouseenter", () => show(word, button));
      one.addEventListener("mouseleave", hide);
    }
    button.addEventListener("focus", () => show(word, button));
    button.addEventListener("blur", hide);
    // A finger gives no focus to a button everywhere.
    button.addEventListener("click", () => show(word, button));
  }

  for (const name of names) {
    const word = named.get(name.textContent.replace("*", "").trim());
    if (word) explain(name, word);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("scroll", hide, { passive: true });
})();
