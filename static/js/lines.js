"use strict";
// Answers that come as lines of JSON while they are written, and why there is none, in words.

async function readLines(response, take) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.filter(Boolean).forEach((line) => take(JSON.parse(line)));
  }
}

async function refusalOf(response) {
  if (response.redirected) return gettext("You are logged out. Log in in another tab, then ask again; nothing you typed is gone.");
  try { return (await response.json()).error; } catch { /* no sentence of ours */ }
  return interpolate(gettext("The server answered with an error (%(status)s). Nothing you typed is gone; try again."), { status: response.status }, true);
}
