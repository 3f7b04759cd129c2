// Which calls are shown: by number, assistant and state, kept in the page's address.
"use strict";

const sift = {
  form: document.getElementById("sift"),
  shown: document.getElementById("shown"),

  fields() {
    return Array.from(sift.form.querySelectorAll("select"));
  },
  matches(call) {
    const { number, agent, state } = sift.form.elements;
    const inState = state.value === "hand" ? call.isTroubled : call.phase === state.value;
    return (
      (!number.value || call.number === number.value) &&
      (!agent.value || call.agent === agent.value) &&
      (!state.value || inState)
    );
  },
  // The lists offer what is on the board now, and what the address asks for.
  offer(calls) {
    for (const name of ["number", "agent"]) {
      const field = sift.form.elements[name];
      const wanted = new Set(calls.map((call) => call[name]).filter(Boolean));
      if (field.value) wanted.add(field.value);
      const offered = Array.from(field.options, (option) => option.value).filter(Boolean);
      if (wanted.size === offered.length && offered.every((value) => wanted.has(value))) continue;
      const values = [...wanted].sort((a, b) => a.localeCompare(b));
      const chosen = field.value;
      field.replaceChildren(field.options[0], ...values.map((value) => new Option(value, value)));
      field.value = chosen;
    }
  },
  count(shown, all) {
    const isSifted = sift.fields().some((field) => field.value);
    sift.form.querySelector("[type=reset]").hidden = !isSifted;
    document.getElementById("unmatched").hidden = shown > 0 || all === 0;
    const words = isSifted ? sift.shown.dataset.words.replace("{shown}", shown).replace("{all}", all) : "";
    // Writing the same again would have the browser lay it out again.
    if (sift.shown.value !== words) sift.shown.value = words;
  },
  read() {
    const asked = new URLSearchParams(location.search);
    for (const field of sift.fields()) {
      const value = asked.get(field.name) ?? "";
      const isOffered = Array.from(field.options).some((option) => option.value === value);
      if (!isOffered && field.name !== "state") field.add(new Option(value, value));
      field.value = value;
      if (field.selectedIndex < 0) field.value = "";
    }
  },
  write() {
    const asked = new URLSearchParams(location.search);
    for (const field of sift.fields()) {
      if (field.value) asked.set(field.name, field.value);
      else asked.delete(field.name);
    }
    history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
    sift.lead();
  },
  // The way to the wall and back keeps what is shown.
  lead() {
    const wall = document.getElementById("wall");
    const asked = new URLSearchParams(location.search);
    if (asked.has("wall")) asked.delete("wall");
    else asked.set("wall", "");
    wall.href = asked.size ? `?${asked}` : location.pathname;
  },
};

sift.read();
sift.lead();
