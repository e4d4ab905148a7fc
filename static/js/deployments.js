"use strict";
// The page of a deployment: its try answers as it is written (every text is set as text, never as markup), and what is
// unfolded among its figures stays so when they are fetched again.

const form = document.getElementById("try-form");
const part = (name) => document.getElementById(`try-${name}`);
const live = "deployment-live";
let current = null;
let unfolded = [];

const time = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(2)} s`);
const known = (number) => number ?? "–";

function complain(text) {
  part("problem").firstElementChild.textContent = text;
  part("problem").hidden = !text;
}

function counted(tokensIn, tokens) {
  const words = ngettext("%(tokens_in)s token in, %(tokens_out)s out", "%(tokens_in)s tokens in, %(tokens_out)s out", tokensIn ?? 0);
  return interpolate(words, { tokens_in: known(tokensIn), tokens_out: known(tokens) }, true);
}

function facts(ask) {
  const { done, first, request, checked, tokensIn } = ask;
  const ends = { length: gettext("length"), stopped: gettext("stopped") };
  return [
    done && time(done.ms),
    first !== undefined && interpolate(gettext("first text after %(time)s"), { time: time(first) }, true),
    done && done.finish !== "stopped" && counted(tokensIn, done.tokens),
    done && done.finish !== "stop" && (ends[done.finish] ?? done.finish),
    checked && gettext("sent after the check"),
    request && interpolate(gettext("request %(request)s"), { request }, true),
  ].filter(Boolean).join(" · ");
}

function take(line, ask) {
  if (line.ask) ask.key = line.ask;
  if (line.known) Object.assign(ask, { request: line.known.request, checked: line.known.after_check });
  if (line.first !== undefined) ask.first = line.first;
  if (line.tokens_in !== undefined) ask.tokensIn = line.tokens_in;
  if (line.delta !== undefined) ask.text.appendData(line.delta);
  if (line.error !== undefined) { ask.over = true; complain(line.error); }
  if (line.done) { ask.over = true; ask.done = line.done; }
  part("facts").textContent = facts(ask);
  const waits = ask.checked && !ask.text.data;
  part("state").textContent = ask.over ? "" : waits ? gettext("The answer is being checked …") : gettext("answering …");
}

function begin() {
  const text = part("text");
  text.replaceChildren();
  complain("");
  part("facts").textContent = "";
  part("place").hidden = false;
  part("answer").setAttribute("aria-busy", "true");
  part("state").textContent = gettext("asking …");
  part("stop").disabled = false;
  return { control: new AbortController(), text: text.appendChild(document.createTextNode("")), over: false };
}

function end(ask) {
  if (current !== ask) return;
  current = null;
  part("answer").setAttribute("aria-busy", "false");
  part("place").hidden = !ask.text.data && !part("facts").textContent;
  part("state").textContent = "";
  part("stop").disabled = true;
}

async function send() {
  halt();
  const body = new FormData(form);
  const ask = (current = begin());
  try {
    const headers = { Accept: "application/x-ndjson" };
    const response = await fetch(form.action, { method: "POST", body, headers, signal: ask.control.signal });
    if (!response.ok || response.redirected) complain(await refusalOf(response));
    else await readLines(response, (line) => take(line, ask));
    if (response.ok && !response.redirected && !ask.over) complain(gettext("The server ended this answer before its end. Ask again."));
  } catch (broken) {
    if (broken.name !== "AbortError") complain(gettext("The connection to the server broke. Nothing you typed is gone; ask again."));
  }
  end(ask);
}

// The server notices by itself that the reader is gone; being told, it need not wait for its next word.
function halt() {
  const ask = current;
  if (!ask) return;
  ask.control.abort();
  end(ask);
  if (!ask.key) return;
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.append("ask", ask.key);
  fetch(form.dataset.stop, { method: "POST", body, keepalive: true }).catch(() => null);
}

if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  part("stop").addEventListener("click", halt);
  part("prompt").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === live) unfolded = [...document.querySelectorAll(`#${live} details[open][id]`)].map((node) => node.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  unfolded = [];
});
