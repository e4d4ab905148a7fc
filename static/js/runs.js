"use strict";
// The form of a run offers the releases of the chosen benchmark and the settings of the chosen strategy only; without
// JavaScript all of them stand there, below the title of what they belong to.

const benchmark = document.getElementById("id_benchmark");
const release = document.getElementById("id_release");
const words = (text) => text.replace(/\s+/g, " ").trim();

function narrow() {
  const title = words(benchmark.selectedOptions[0]?.text ?? "");
  for (const group of release.querySelectorAll("optgroup")) {
    group.hidden = group.disabled = words(group.label) !== title;
  }
  if (release.selectedOptions[0]?.closest("optgroup")?.disabled) release.value = "";
}

if (benchmark && release) {
  benchmark.addEventListener("change", narrow);
  narrow();
}

function showSettings() {
  const chosen = document.querySelector("input[name=strategy]:checked")?.value;
  for (const part of document.querySelectorAll("[data-strategy]")) part.hidden = part.dataset.strategy !== chosen;
}

for (const choice of document.querySelectorAll("input[name=strategy]")) choice.addEventListener("change", showSettings);
showSettings();
