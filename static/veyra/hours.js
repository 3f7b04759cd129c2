// Hours in forms, clocks of places, and how long something stays closed.
"use strict";

// Clocks

const zones = JSON.parse(document.getElementById("clocks")?.textContent ?? "{}");

function zoneOf(clock) {
  const field = document.getElementById(clock.dataset.zoneOf ?? clock.dataset.zoneBy ?? "");
  return clock.dataset.zone ?? (clock.dataset.zoneBy ? zones[field.value] : field.value);
}

function left(time) {
  let rest = Math.max(0, Math.round(time.dataset.left - Date.now() / 1000));
  const parts = { seconds: rest % 60, minutes: Math.floor(rest / 60) % 60, hours: Math.floor(rest / 3600) % 24, days: Math.floor(rest / 86400) };
  const words = parts.days ? time.dataset.words : parts.hours ? time.dataset.short : time.dataset.last;
  return words.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
}

function tick() {
  for (const clock of document.querySelectorAll("[data-zone], [data-zone-of], [data-zone-by]")) {
    const zone = zoneOf(clock);
    const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
    if (zone) clock.textContent = new Intl.DateTimeFormat("ru", form).format(new Date());
  }
  for (const time of document.querySelectorAll("[data-left]")) time.textContent = left(time);
}

tick();
setInterval(tick, 1000);
document.addEventListener("change", tick);

// Times of a day

const inputs = (row) => [...row.querySelectorAll('input[type="time"]')];

function say(row) {
  const said = row.querySelector("[data-said]");
  if (!said) return;
  const day = row.querySelector('input[type="date"]');
  const times = inputs(row).map((each) => each.value);
  const [begins, ends] = times;
  const empty = times.every((each) => !each) && (!day || day.value);
  said.textContent = empty ? said.dataset.closed : !begins || !ends ? "" : begins === ends ? said.dataset.all : begins > ends ? said.dataset.night : "";
}

const rows = () => document.querySelectorAll(".vy-day, [data-days] .vy-row");

function sayAll() {
  for (const row of rows()) say(row);
}

function clear(row) {
  for (const input of row.querySelectorAll("input")) input.value = "";
}

function preset(button) {
  for (const day of button.closest("[data-week]").querySelectorAll("[data-day]")) {
    const wanted = button.dataset.preset.includes(day.dataset.day);
    day.querySelectorAll(".vy-stretch").forEach((stretch, place) => {
      clear(stretch);
      stretch.hidden = place > 0;
      if (wanted && place === 0)
        inputs(stretch).forEach((input, end) => { input.value = end ? button.dataset.ends : button.dataset.begins; });
    });
  }
}

function more(button) {
  const days = button.closest("[data-days]");
  if (!days) {
    const hidden = button.parentElement.querySelector(".vy-stretch[hidden]");
    if (hidden) hidden.hidden = false;
    hidden?.querySelector("input").focus();
    return;
  }
  const last = [...days.querySelectorAll(".vy-row")].at(-1);
  const next = last.cloneNode(true);
  clear(next);
  last.after(next);
  next.querySelector("input").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-preset], [data-more], [data-clear]");
  if (!button) return;
  if ("preset" in button.dataset) preset(button);
  else if ("more" in button.dataset) more(button);
  else {
    const stretch = button.closest(".vy-stretch");
    clear(stretch ?? button.closest(".vy-row"));
    if (stretch && stretch !== stretch.parentElement.querySelector(".vy-stretch")) stretch.hidden = true;
  }
  sayAll();
});
document.addEventListener("input", sayAll);
sayAll();

// What belongs to one of several choices is seen only with it.

function choose() {
  for (const part of document.querySelectorAll("[data-when]")) {
    const form = part.closest("form");
    const chosen = form.querySelector(`input[type="radio"][value="${part.dataset.when}"]`);
    part.hidden = !chosen?.checked;
  }
}

document.addEventListener("change", choose);
choose();
