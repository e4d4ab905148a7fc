"use strict";
// The live part of a training run is exchanged whole: what a person has unfolded and scrolled stays as it was.

const LIVE = "training-live";
let kept = [];

function places() {
  return [...document.querySelectorAll(`#${LIVE} :is(details, .scroll, .raw)`)].map((node, at) => ({ node, key: node.id || `at-${at}` }));
}

function toTheEnd() {
  const lines = document.getElementById("training-log-lines");
  if (lines) lines.scrollTop = lines.scrollHeight;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== LIVE) return;
  kept = places().map(({ node, key }) => ({ key, open: node.open, top: node.scrollTop, left: node.scrollLeft, end: node.scrollTop + node.clientHeight >= node.scrollHeight - 2 }));
});

document.addEventListener("htmx:afterSwap", () => {
  const found = new Map(places().map(({ node, key }) => [key, node]));
  for (const { key, open, top, left, end } of kept) {
    const node = found.get(key);
    if (!node) continue;
    if (open !== undefined) node.open = open;
    node.scrollTop = end ? node.scrollHeight : top;
    node.scrollLeft = left;
  }
  kept = [];
});

document.addEventListener("DOMContentLoaded", () => {
  toTheEnd();
  const asked = document.getElementById(location.hash.slice(1));
  if (asked instanceof HTMLDetailsElement) asked.open = true;
});
