"use strict";
// The links to a preset take along what is chosen in the form by now; without JavaScript they take what the page was
// opened with.

const form = document.querySelector("form[data-training]");
const carried = { base: "base", typed: "typed", preference_set: "set", node: "node", title: "title" };

function carry(event) {
  const link = event.target.closest("a[data-start]");
  if (!link || !form) return;
  const url = new URL(link.href);
  for (const [field, name] of Object.entries(carried)) {
    const value = form.elements[field]?.value ?? "";
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  link.href = url.href;
}

document.addEventListener("click", carry);
