// Who hears, thinks and speaks: shows what belongs to the provider that is chosen, and asks for the
// next one only when there is a first.
"use strict";
(() => {
  const whole = document.querySelector("[data-speech]");
  if (!whole) return;

  const set = (row, name, value) => {
    const field = row.querySelector(`input[type=hidden][data-choice-field=${name}]`);
    if (field) field.value = value;
  };

  // The voices of another provider are not offered; one that was chosen of it is let go.
  function sift(select, provider) {
    let count = 0;
    for (const option of select.querySelectorAll("option")) {
      const own = !option.value || option.value.startsWith(`${provider}:`);
      option.hidden = option.disabled = !own;
      count += own && option.value !== "";
      if (!own && option.selected) select.value = "";
    }
    for (const group of select.querySelectorAll("optgroup")) {
      group.hidden = !group.querySelector("option:not([hidden])");
    }
    return count;
  }

  function look(row) {
    const who = row.querySelector("[data-who]");
    const key = who.value;
    const provider = who.selectedOptions[0]?.dataset.provider ?? "";
    const isOurs = !key || key === "offline";
    set(row, "provider", provider || "offline");
    set(row, "key", isOurs ? "" : key);
    for (const each of row.querySelectorAll("[data-of-key], [data-of-voice]")) each.hidden = isOurs;
    const model = row.querySelector("[data-choice-field=model]");
    model?.setAttribute("list", `speech-models-${row.dataset.choice}-${provider}`);
    const voices = row.querySelector("[data-voice]");
    if (!voices) return;
    const few = !isOurs && sift(voices, provider) === 0;
    if (few) voices.closest("[data-of-voice]").hidden = true;
    const id = row.querySelector("[data-voice-id]").value.trim();
    set(row, "voice", id || voices.value.split(":").slice(1).join(":"));
    row.querySelector("[data-listen]").hidden = !key && row.dataset.number !== "0";
  }

  const rowsOf = (group) => [...group.querySelectorAll("[data-choice]")];

  function another(group) {
    const rows = rowsOf(group);
    const next = rows.find((row) => row.hidden);
    const shown = rows.filter((row) => !row.hidden);
    const last = shown[shown.length - 1];
    // Ours does not fail; where nobody hears, there is nobody to fail.
    const who = last.querySelector("[data-who]").value;
    group.querySelector("[data-another]").hidden = !next || !who || who === "offline";
  }

  function renew() {
    for (const row of whole.querySelectorAll("[data-choice]")) look(row);
    for (const group of whole.querySelectorAll("[data-part-of-speech]")) another(group);
  }

  whole.addEventListener("input", renew);
  whole.addEventListener("change", renew);
  whole.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const group = button.closest("[data-part-of-speech]");
    if ("another" in button.dataset) {
      const row = rowsOf(group).find((each) => each.hidden);
      row.hidden = false;
      row.querySelector("[data-who]").focus();
      renew();
    } else if (button.dataset.set) {
      for (const each of whole.querySelectorAll("[data-part-of-speech]")) {
        const [first, second] = rowsOf(each).map((row) => row.querySelector("[data-who]"));
        first.value = button.dataset.set;
        // A voice that always works stands behind it.
        if (each.dataset.partOfSpeech === "voice" && !second.value) {
          second.value = "offline";
          second.closest("[data-choice]").hidden = false;
        }
      }
      renew();
      whole.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  renew();
})();
