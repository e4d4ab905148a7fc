"use strict";
// Writing prompts by keyboard. The pages work without it; what is typed while a prompt is being saved stays.
{
  const form = document.getElementById("writer");
  const text = document.getElementById("id_text");
  const KINDS = { s: 0, a: 1, p: 2, d: 3, 1: 0, 2: 1, 3: 2, 4: 3 };
  const LARGEST = 2_000_000;
  let leaving = false, sent = null;

  const kinds = () => [...form.querySelectorAll("[name=kind]")];
  const dirty = () => (form.dataset.unsaved !== undefined || text.value !== text.defaultValue) && text.value.trim() !== "";
  const fields = (target) => target.closest("textarea, select, input:not([type=radio], [type=checkbox]), dialog") !== null;

  // Where writing goes on: at what is wrong, at the config when none is chosen, else at the text.
  function first() {
    const config = document.getElementById("id_config");
    return form?.querySelector("[aria-invalid=true]") ?? (config?.value === "" ? config : text);
  }

  function choose(index) {
    const radio = kinds()[index];
    if (radio) radio.checked = true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || !form) return;
    const held = event.ctrlKey || event.metaKey;
    if (held && event.key === "Enter" && (form.contains(event.target) || event.target === document.body)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.altKey && !held && /^Digit[1-4]$/.test(event.code)) {
      event.preventDefault();
      choose(KINDS[event.code.slice(5)]);
    } else if (event.key === "Escape" && form.contains(event.target)) {
      event.target.blur();
    } else if (!held && !event.altKey && !event.defaultPrevented && !fields(event.target) && !lettersOff()) {
      plain(event);
    }
  });

  function plain(event) {
    if (event.key === "t") text.focus();
    else if (event.key in KINDS) choose(KINDS[event.key]);
    else return;
    event.preventDefault();
  }

  // One after the other: the answer says what was saved; the field empties, except for what was typed meanwhile.

  form?.addEventListener("htmx:beforeRequest", (event) => { if (event.target === form) sent = [text.value, form.elements.why.value]; });
  document.addEventListener("prompt-written", () => {
    const [was, why] = sent ?? ["", ""];
    text.value = text.value.startsWith(was) ? text.value.slice(was.length).trimStart() : text.value;
    if (form.elements.why.value === why) form.elements.why.value = "";
    document.getElementById("similar-prompts")?.replaceChildren();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });

  // What is wrong stands beside its field; the field itself says so to a screen reader, and the first one has the focus.

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "written" || !form) return;
    const wrong = [...form.querySelectorAll("[id^=notes-]")].filter((notes) => notes.querySelector(".field-error"));
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const notes of wrong) document.getElementById(notes.id.replace("notes-", "id_"))?.setAttribute("aria-invalid", "true");
    form.querySelector("[aria-invalid]")?.focus();
  });

  form?.addEventListener("submit", (event) => {
    if (form.enctype === "multipart/form-data" && new Blob([text.value]).size > LARGEST) {
      event.preventDefault();
      toast(gettext("That is too much for one paste. Paste it in parts, or import it as a file."), "error");
      return;
    }
    leaving = !form.hasAttribute("hx-post");
  });
  addEventListener("beforeunload", (event) => { if (form && !leaving && dirty()) event.preventDefault(); });
  document.addEventListener("DOMContentLoaded", () => first()?.focus());
}
