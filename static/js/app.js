"use strict";
// Loaded in the head so that theme and rail stand before the first paint; everything else is delegated from the document.

const root = document.documentElement;
const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private window */ } },
};

// The catalogue of another language, loaded before this file, brings its own three; English needs none.
globalThis.gettext ??= (text) => text;
globalThis.ngettext ??= (one, many, number) => (Number(number) === 1 ? one : many);
globalThis.interpolate ??= (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

root.classList.add("js");
if (store.get("theme")) root.dataset.theme = store.get("theme");
const cramped = matchMedia("(max-width: 1199.98px)");
function standRail() { root.dataset.rail = store.get("rail") || (cramped.matches ? "small" : "wide"); }
standRail();
cramped.addEventListener("change", standRail);

// Toasts

function toast(text, level = "info") {
  const region = document.getElementById("toasts");
  const model = document.getElementById("toast-model");
  if (!region || !model || [...region.querySelectorAll("p")].some((said) => said.textContent === text)) return;
  const item = model.content.firstElementChild.cloneNode(true);
  item.classList.add(level);
  item.querySelector("p").textContent = text;
  region.append(item);
  fade(item);
}

function fade(item) {
  if (item.matches(".error, .warning")) return;
  const leave = () => (item.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : item.remove());
  setTimeout(leave, 8000);
}

// Theme and rail

function turnTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  root.dataset.theme = next;
  store.set("theme", next === system ? null : next);
  if (next === system) delete root.dataset.theme;
  toast(next === "dark" ? gettext("Dark theme") : gettext("Light theme"));
}

function foldRail(button) {
  root.dataset.rail = root.dataset.rail === "small" ? "wide" : "small";
  store.set("rail", root.dataset.rail);
  button.setAttribute("aria-expanded", String(root.dataset.rail !== "small"));
}

// Copying

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said, "success");
  } catch {
    toast(gettext("The browser did not allow copying; select the text and copy it by hand."), "error");
  }
}

function textToCopy(button) {
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  return source ? source.innerText : button.dataset.copy;
}

// Clicks

function closeMenus(except) {
  document.querySelectorAll("details.menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  const button = event.target.closest("button, a.button");
  if (!button) return;
  const { action, copy: text, copyFrom, dialog } = button.dataset;
  if (action === "theme") turnTheme();
  if (action === "rail") foldRail(button);
  if (action === "dismiss") button.closest(".toast").remove();
  if (text !== undefined || copyFrom) copy(textToCopy(button), gettext("Copied"));
  if (dialog) document.getElementById(dialog)?.showModal();
  if (button.closest(".menu-list")) closeMenus();
});

// Keys: single letters work only outside of fields, and a person can switch them off in the keys dialog.

const NAMES = { j: "next", ArrowRight: "next", k: "previous", ArrowLeft: "previous" };
const lettersOff = () => store.get("keys") === "off";

function typing(target, key) {
  if (target.matches("[type=radio]") && !target.closest("dialog")) return key.startsWith("Arrow");
  return target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog, [role=tablist], .scroll") !== null;
}

function turnVeils() {
  const veils = [...document.querySelectorAll("details.veil")];
  const open = veils.some((veil) => !veil.open);
  veils.forEach((veil) => { veil.open = open; });
}

function press(event, name) {
  const key = `[data-key="${CSS.escape(name)}"]:not([disabled])`;
  const target = document.querySelector(`main ${key}`) || document.querySelector(key);
  if (!target) return false;
  event.preventDefault();
  if (target.matches("input:not([type=radio], [type=checkbox]), textarea")) target.focus(); else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target, event.key)) return;
  if (event.key === "?") { document.getElementById("keys")?.showModal(); return; }
  if (lettersOff() || press(event, NAMES[event.key] || event.key)) return;
  if (event.key === "c") copy(location.href, gettext("Link to this page copied"));
  if (event.key === "v") turnVeils();
});

document.addEventListener("change", (event) => {
  if (event.target.id === "letter-keys") store.set("keys", event.target.checked ? null : "off");
});

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".toast").forEach(fade);
  if (matchMedia("(max-width: 719.98px)").matches) document.querySelectorAll("details[data-wide-open]").forEach((part) => { part.open = false; });
  const letters = document.getElementById("letter-keys");
  if (letters) letters.checked = !lettersOff();
  document.querySelector("[data-action=rail]")?.setAttribute("aria-expanded", String(root.dataset.rail !== "small"));
  document.querySelector(".form:not(.sample) [aria-invalid=true], .login [aria-invalid=true]")?.focus();
});

// Parts that are exchanged keep out of a person's way: never by themselves under an open menu or a selected text, and
// the link or button that has the focus keeps it.

function busy(part) {
  const chosen = getSelection();
  return part.querySelector("details.menu[open]") !== null
    || (!chosen.isCollapsed && part.contains(chosen.anchorNode));
}

// The way up leads to a list as it was last seen in this window: with its filters, order and page.

const LIST = "list:";

function rememberList() {
  try { sessionStorage.setItem(LIST + location.pathname, location.search); } catch { /* private window */ }
}

function leadToListsAsSeen() {
  for (const link of document.querySelectorAll(".crumbs a")) {
    try { link.search ||= sessionStorage.getItem(LIST + link.pathname) || ""; } catch { return; }
  }
}

// A filter's address says only what is chosen, and what is chosen already is no step of its own for the back button.
document.addEventListener("htmx:beforeHistoryUpdate", (event) => {
  const update = event.detail.history;
  const url = new URL(update.path, location);
  for (const [name, value] of [...url.searchParams]) if (value === "") url.searchParams.delete(name, "");
  update.path = url.pathname + url.search + url.hash;
  if (url.href === location.href) update.type = "replace";
});

document.addEventListener("DOMContentLoaded", () => { rememberList(); leadToListsAsSeen(); });
for (const moved of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) document.addEventListener(moved, rememberList);

// On a narrow screen the tab of this page may lie outside of the row of tabs.
document.addEventListener("DOMContentLoaded", () => {
  for (const here of document.querySelectorAll(".tabs [aria-current=page]")) {
    here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 24;
  }
});

const marked = (node) => node.getAttribute("href") ?? node.getAttribute("aria-label") ?? node.textContent;
let focused = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  if (new URL(event.detail.xhr.responseURL || location.href).pathname.startsWith("/login/") && !location.pathname.startsWith("/login/")) {
    event.detail.shouldSwap = false;
    location.reload();
  } else {
    if (part.matches("[data-calm]")) event.detail.shouldSwap &&= !busy(part);
    const active = document.activeElement;
    focused = active !== document.body && part.contains(active) ? { part: part.id, tag: active.tagName, mark: marked(active) } : null;
  }
});

// Where the link or button is gone, the part that came in its place has the focus: the next Tab goes on from there.
document.addEventListener("htmx:afterSettle", () => {
  if (!focused || document.activeElement !== document.body) return;
  const part = document.getElementById(focused.part);
  const same = [...(part ?? document).querySelectorAll(focused.tag)].find((node) => marked(node) === focused.mark);
  focused = null;
  if (part && !same) part.tabIndex = -1;
  (same ?? part)?.focus({ preventScroll: true });
});

// htmx: a server may send HX-Trigger {"toast": {"text": …, "level": …}}; a lost connection is said, never swallowed.
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.level));
document.addEventListener("htmx:sendError", () => toast(gettext("The server could not be reached. Nothing you typed is gone; try again in a moment."), "error"));
document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  const words = gettext("The server answered with an error (%(status)s). Nothing you typed is gone; try again or reload the page.");
  toast(interpolate(words, { status: xhr.status }, true), "error");
});
