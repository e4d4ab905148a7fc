"use strict";
// Rating by keys. They come before those of app.js; a letter in a field is a letter, and Enter in the comment sends.
{
  const comment = document.getElementById("rate-comment");
  const typing = (target) => target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])") !== null;
  const read = () => Rate.current()?.text.focus({ preventScroll: true });
  const fold = (part) => { part.open = !part.open; };
  const show = (id) => document.getElementById(id).showModal();

  const ACTS = {
    y: () => Rate.choose("follows_config", "yes"),
    n: () => Rate.choose("follows_config", "no"),
    r: () => document.querySelector("#rate-rules input:checked, #rate-rules input")?.focus(),
    u: () => Rate.goBack(),
    x: () => Rate.skip("distressing"),
    s: () => { if (!document.querySelector("#rate-form [data-dialog=rate-skip]").hidden) show("rate-skip"); },
    f: () => show("rate-flag"),
    c: () => comment.focus(),
    g: () => fold(Rate.current().config),
    v: () => fold(Rate.current().text.querySelector(".rate-fold")),
  };
  for (const points of "012345") ACTS[points] = () => Rate.choose("points", points);

  function move(event) {
    const boxes = [...document.querySelectorAll("#rate-rules input")];
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const place = boxes.indexOf(event.target);
    if (!step || place < 0) return false;
    boxes[(place + step + boxes.length) % boxes.length].focus();
    return true;
  }

  // True when the key was for this page.
  function press(event) {
    const { key, target } = event;
    if (target === comment && key === "Escape") { read(); return true; }
    if (key === "Enter") {
      const writes = target === comment ? matchMedia("(pointer: coarse)").matches : typing(target);
      if (event.shiftKey || writes || target.closest("a, button, summary")) return false;
      if (!event.repeat) Rate.submit();
      return true;
    }
    if (typing(target)) return false;
    if (key === "?") { show("keys"); return true; }
    if (move(event)) return true;
    if (event.ctrlKey || event.metaKey || lettersOff() || !ACTS[key]) return false;
    if (!event.repeat && (Rate.current() || key === "u")) ACTS[key]();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.isComposing || ((event.ctrlKey || event.metaKey) && event.key !== "Enter")) return;
    if (event.target.closest("dialog")) return chooseReason(event);
    if (!press(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // In the dialog of a skip the digits are its reasons, and Enter sends.
  function chooseReason(event) {
    const dialog = event.target.closest("dialog#rate-skip");
    if (!dialog || typing(event.target)) return;
    const reason = dialog.querySelectorAll("[name=reason]")[Number(event.key) - 1];
    if (!reason || event.key === "Enter") return;
    event.preventDefault();
    reason.click();
    reason.focus();
  }

  // A chosen answer does not keep the focus from the text: Space and the arrows scroll what one reads.
  document.addEventListener("pointerup", (event) => {
    if (event.target.closest("#rate-form .choices label")) setTimeout(read);
  });
}
