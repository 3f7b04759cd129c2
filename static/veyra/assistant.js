// The page of an assistant: places such as {company} are put in and looked at while somebody
// writes, and a voice is heard before it is chosen.
"use strict";

const editor = document.querySelector(".vy-editor[data-words]");
const form = editor?.closest("form");
const PAUSE = 400;
const AGAIN = 3000;

const language = () => form.elements.language?.value ?? "";
// It stands on the page only until somebody has saved it.
const company = () => form.elements.company?.value ?? "";

function ask(door, values) {
  const body = new FormData();
  for (const [name, value] of Object.entries(values)) body.set(name, value);
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  return fetch(door, { method: "POST", body, headers, redirect: "error" });
}

// What is wrong with a text, and how callers hear it, under its field.
function tell(field, found) {
  field.querySelectorAll("[data-told]").forEach((each) => each.remove());
  const lines = found.problems.map((text) => ["vy-error", text]);
  if (found.heard && !found.problems.length) {
    lines.push(["vy-heard-as", `${editor.dataset.heard} ${found.heard}`]);
  }
  for (const [name, text] of lines) {
    const line = document.createElement("span");
    line.className = name;
    line.dataset.told = "";
    line.setAttribute("role", "status");
    line.textContent = text;
    field.append(line);
  }
  field.classList.toggle("vy-wrong", found.problems.length > 0);
}

async function look(field) {
  const box = field.querySelector("textarea, input");
  const text = box.value;
  if (!/[{}]/.test(text)) return tell(field, { problems: [], heard: "" });
  try {
    const answer = await ask(editor.dataset.words, { text, language: language(), company: company() });
    if (!answer.ok) throw new Error(answer.status);
    const found = await answer.json();
    // What was typed meanwhile is looked at by the next one.
    if (box.value === text) tell(field, found);
  } catch {
    setTimeout(() => box.value === text && look(field), AGAIN);
  }
}

function watch(field) {
  let later;
  field.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(look, PAUSE, field);
  });
  look(field);
}

function putPlaces() {
  let last = editor.querySelector("[data-spoken] textarea, [data-spoken] input");
  form.addEventListener("focusin", (event) => {
    if (event.target.closest("[data-spoken]")) last = event.target;
  });
  for (const button of editor.querySelectorAll("[data-place]")) {
    button.addEventListener("click", () => {
      last.focus();
      last.setRangeText(`{${button.dataset.place}}`, last.selectionStart, last.selectionEnd, "end");
      last.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

// A button [data-listen] plays the voice of its row ([data-choice], whose fields are marked by
// data-choice-field), or the first voice of the page, or ours.
const player = new Audio();

function voiceOf(button) {
  const row = button.closest("[data-choice]") ?? editor.querySelector("[data-choice=voice]");
  const found = {};
  for (const name of ["provider", "key", "model", "voice", "speed"]) {
    const field = row?.querySelector(`[data-choice-field=${name}]`);
    found[name] = button.dataset[name] ?? field?.value ?? "";
  }
  return found;
}

async function listen(button) {
  const error = button.parentElement.querySelector("[data-listen-error]");
  const say = (text) => {
    if (error) Object.assign(error, { textContent: text, hidden: !text });
  };
  button.disabled = true;
  say("");
  try {
    const text = form.elements.greeting?.value ?? "";
    const words = { text, language: language(), company: company() };
    const answer = await ask(editor.dataset.voice, { ...words, ...voiceOf(button) });
    if (answer.ok) {
      URL.revokeObjectURL(player.src);
      player.src = URL.createObjectURL(await answer.blob());
      await player.play();
      button.dataset.played = String(Number(button.dataset.played ?? 0) + 1);
    } else {
      say((await answer.json()).error);
    }
  } catch {
    say(editor.dataset.failed);
  } finally {
    button.disabled = false;
  }
}

// The page is long, and what is wrong may lie far below its top.
function showWrong() {
  const wrong = editor.querySelector(".vy-section .vy-error[role=alert]:not([hidden])");
  wrong?.scrollIntoView({ block: "center" });
  wrong?.closest(".vy-field")?.querySelector("input, select, textarea")?.focus({ preventScroll: true });
}

if (form) {
  showWrong();
  editor.querySelectorAll("[data-spoken]").forEach(watch);
  putPlaces();
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-listen]");
    if (button) listen(button);
  });
  // Either changes what callers hear.
  for (const name of ["language", "company"]) {
    form.elements[name]?.addEventListener("change", () => {
      editor.querySelectorAll("[data-spoken]").forEach(look);
    });
  }
}
