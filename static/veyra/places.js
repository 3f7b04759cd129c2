// A row that is added to a group is rung after those that are there.
"use strict";

document.addEventListener("formset:added", ({ target }) => {
  const own = target.querySelector("input[name$='-place']");
  if (!own) return;
  const others = [...document.querySelectorAll("input[name$='-place']")];
  const places = others.filter((each) => each !== own && !each.name.includes("__prefix__"));
  own.value = Math.max(0, ...places.map((each) => Number(each.value))) + 1;
});
