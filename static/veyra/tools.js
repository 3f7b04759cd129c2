// What an assistant may do: adds and takes away lines, and tries an address.
"use strict";
(() => {
    const whole = document.querySelector("[data-tools]");
    if (!whole) return;
    const rows = whole.querySelector("[data-rows]");
    const count = whole.querySelector("[data-count]");

    function look(row) {
        const to = row.querySelector("[name$='-to']");
        const number = row.querySelector("[name$='-number']");
        if (to && number) number.closest(".vy-field").hidden = to.value !== "number";
        const way = row.querySelector("[name$='-way']");
        const digits = row.querySelector("[name$='-count']");
        if (way && digits) digits.closest(".vy-field").hidden = way.value === "press";
        const gone = row.querySelector("[data-gone]");
        row.classList.toggle("vy-gone", gone.checked);
    }

    function add(kind) {
        const made = whole.querySelector(`template[data-kind="${kind}"]`).innerHTML;
        const number = Number(count.value);
        rows.insertAdjacentHTML("beforeend", made.replaceAll("__n__", String(number)));
        count.value = String(number + 1);
        const row = rows.lastElementChild;
        look(row);
        row.querySelector("select, input:not([type=hidden]), textarea").focus();
        enough();
    }

    function enough() {
        for (const button of whole.querySelectorAll("[data-add]")) {
            button.disabled = Number(count.value) >= Number(button.dataset.most);
        }
    }

    async function ask(row) {
        const place = row.querySelector("[data-try]");
        const told = place.querySelector("[data-told]");
        const button = place.querySelector("[data-ask]");
        const body = new FormData();
        const fields = row.querySelectorAll("input[name], select[name], textarea[name]");
        for (const field of fields) {
            body.append(field.name.replace(/^tools-\d+-/, "tool-"), field.value);
        }
        body.append("example", place.querySelector("textarea").value);
        body.append("csrfmiddlewaretoken", whole.closest("form").csrfmiddlewaretoken.value);
        button.disabled = true;
        try {
            const answer = await fetch(place.dataset.try, { method: "POST", body });
            const found = await answer.json();
            told.textContent = found.told;
            told.classList.toggle("vy-error", !found.ok);
        } catch {
            told.textContent = place.dataset.failed;
            told.classList.add("vy-error");
        }
        told.hidden = false;
        button.disabled = false;
    }

    whole.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        if (button.dataset.add) add(button.dataset.add);
        else if ("ask" in button.dataset) ask(button.closest("[data-tool]"));
    });
    rows.addEventListener("change", (event) => look(event.target.closest("[data-tool]")));
    for (const row of rows.children) look(row);
    enough();
})();
