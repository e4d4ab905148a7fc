"use strict";
// The form of a model asks how its server is started for engines that start one; without JavaScript it always does.

const engine = document.getElementById("id_engine");

function showServer() {
  for (const part of document.querySelectorAll("[data-engines]")) {
    part.hidden = !part.dataset.engines.split(" ").includes(engine.value);
  }
}

if (engine) {
  engine.addEventListener("change", showServer);
  showServer();
}
