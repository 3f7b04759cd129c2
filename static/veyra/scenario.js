// The rows of a scenario: one more line of the caller, one more demand, and what each is about.
"use strict";

const form = document.getElementById("scenario");
const steps = form.querySelector('[data-part="steps"]');

function made(template, step, must = "") {
  const html = document.getElementById(template).innerHTML.replaceAll("STEP", step).replaceAll("MUST", must);
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

function fit(row) {
  const kind = row.querySelector("select").value;
  const text = row.querySelector("input");
  row.querySelector(".vy-tool").hidden = kind !== "tool";
  text.hidden = !kind || kind === "ends";
  text.placeholder = text.dataset[kind] ?? "";
  text.inputMode = kind === "within" ? "decimal" : "text";
}

function fitAll(within) {
  for (const row of within.querySelectorAll(".vy-must")) fit(row);
  for (const button of within.querySelectorAll('[data-part="demand"]')) button.hidden = false;
}

let next = steps.children.length;
form.querySelector('[data-part="more"]').hidden = false;
form.querySelector('[data-part="more"]').addEventListener("click", () => {
  const step = made("step", next);
  next += 1;
  steps.append(step);
  fitAll(step);
  step.querySelector("input").focus();
});
form.addEventListener("click", ({ target }) => {
  if (!target.matches('[data-part="demand"]')) return;
  const step = target.closest("[data-step]");
  const musts = step.querySelector('[data-part="musts"]');
  const row = made("must", step.dataset.step, musts.children.length);
  musts.append(row);
  fit(row);
  row.querySelector("select").focus();
});
form.addEventListener("change", ({ target }) => {
  const row = target.closest(".vy-must");
  if (row) fit(row);
});
const gone = document.getElementById("delete");
gone?.addEventListener("submit", (event) => {
  if (!confirm(gone.dataset.sure)) event.preventDefault();
});
fitAll(form);
