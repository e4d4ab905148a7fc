"use strict";
// The playground: one request brings all answers as lines of JSON. Every text is set as text, never as markup.

(() => {
  const page = document.getElementById("playground");
  if (!page) return;
  const form = document.getElementById("playground-form");
  const prompt = document.getElementById("prompt");
  const answers = document.getElementById("answers");
  const problem = document.getElementById("ask-problem");
  const state = document.getElementById("ask-state");
  const stopAll = document.getElementById("stop-all");
  const dialog = document.getElementById("save-dialog");
  const saved = "playground";
  let current = null;
  let turn = 0;

  const chosen = (name) => [...form.querySelectorAll(`input[name=${name}]:checked`)];
  const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const seconds = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(2)} s`);

  function complain(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  // What is typed and chosen outlives a reload: choices in the address, the prompt only in this tab.

  function keep() {
    const query = new URLSearchParams();
    const config = document.getElementById("playground-config");
    if (config) query.set("config", config.value);
    for (const name of ["models", "versions"]) chosen(name).forEach((box) => query.append(name, box.value));
    history.replaceState(null, "", `?${query}`);
    try {
      sessionStorage.setItem(saved, JSON.stringify({ prompt: prompt.value, query: String(query) }));
    } catch { /* no storage: a reload then starts anew */ }
  }

  function restore() {
    let old = null;
    try { old = JSON.parse(sessionStorage.getItem(saved)); } catch { /* nothing kept */ }
    if (old?.prompt && !prompt.value) prompt.value = old.prompt;
    if (!old?.query || location.search) return keep();
    // Forgotten before it is tried: a choice that is gone by now must not stand in the way a second time.
    sessionStorage.setItem(saved, JSON.stringify({ prompt: prompt.value, query: "" }));
    location.replace(`?${old.query}`);
  }

  // Choosing

  form.addEventListener("change", (event) => {
    const group = event.target.closest("[data-most]");
    complain("");
    if (group && event.target.checked && group.querySelectorAll("input:checked").length > Number(group.dataset.most)) {
      event.target.checked = false;
      complain(group.dataset.tooMany);
    }
    keep();
  });
  prompt.addEventListener("input", keep);
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target.id === "playground-versions") keep(); });

  // Cells

  function badge(box) {
    const shown = box.closest("label").querySelector(".badge");
    return shown ? [shown.cloneNode(true)] : [];
  }

  function link(box) {
    const made = document.createElement(box.dataset.url ? "a" : "span");
    if (box.dataset.url) made.href = box.dataset.url;
    made.className = "plain";
    made.dir = "auto";
    made.textContent = box.dataset.title;
    return made;
  }

  function cell(model, version) {
    const node = document.getElementById("answer-model").content.firstElementChild.cloneNode(true);
    const part = Object.fromEntries([...node.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one]));
    const key = `m${model.value}-v${version.value}`;
    part.model.textContent = model.dataset.title;
    part.model.href = model.dataset.url;
    part.version.append(link(version), ...badge(version));
    part.text.id = `answer-${key}`;
    part.copy.dataset.copyFrom = part.text.id;
    part.stop.addEventListener("click", () => stop(key));
    node.setAttribute("aria-busy", "true");
    answers.append(node);
    return { key, node, part, text: part.text.appendChild(document.createTextNode("")), open: true, failed: false };
  }

  function lay(models, versions) {
    answers.replaceChildren();
    // Two versions of one model belong side by side; with one version the models do.
    answers.dataset.columns = String(versions.length > 1 ? versions.length : models.length);
    return new Map(models.flatMap((model) => versions.map((version) => cell(model, version))).map((one) => [one.key, one]));
  }

  function end(one, facts) {
    if (!one?.open) return;
    one.open = false;
    one.node.setAttribute("aria-busy", "false");
    one.part.stop.remove();
    one.part.facts.textContent = facts;
    if (!one.text.data && !one.failed) one.part.text.classList.add("muted");
    if (!one.text.data && !one.failed) one.text.data = gettext("(an empty answer)");
  }

  function facts(done) {
    const counted = () => interpolate(ngettext("%(n)s token", "%(n)s tokens", done.tokens), { n: count(done.tokens) }, true);
    const tokens = done.tokens === null ? gettext("tokens not counted") : counted();
    const ends = { stop: "", stopped: gettext("stopped"), length: gettext("cut at the model’s longest answer") };
    const finish = ends[done.finish] ?? done.finish;
    return [done.finish === "stopped" ? "" : tokens, seconds(done.ms), finish, done.identity].filter(Boolean).join(" · ");
  }

  function fail(one, text) {
    if (!one?.open) return;
    one.failed = true;
    one.part.problem.textContent = text;
    one.part.problem.hidden = false;
    end(one, gettext("no answer"));
  }

  function take(line, ask) {
    if (line.ask) { ask.key = line.ask; ask.known(); return; }
    const one = ask.cells.get(line.cell);
    if (!one?.open) return;
    if (line.delta !== undefined) { one.text.appendData(line.delta); one.part.facts.textContent = gettext("answering …"); }
    if (line.error !== undefined) fail(one, line.error);
    if (line.done) end(one, facts(line.done));
  }

  // Asking and stopping

  function over(ask, words) {
    ask.cells.forEach((one) => (words ? fail(one, words) : end(one, gettext("stopped"))));
    if (current !== ask) return;
    current = null;
    stopAll.disabled = true;
    const all = [...ask.cells.values()];
    const failed = all.filter((one) => one.failed).length;
    state.textContent = outcome(all.length - failed, failed);
  }

  function outcome(n, failed) {
    const answers = interpolate(ngettext("%(n)s answer", "%(n)s answers", n), { n }, true);
    const errors = interpolate(ngettext("%(n)s error", "%(n)s errors", failed), { n: failed }, true);
    return failed ? interpolate(gettext("%(answers)s, %(errors)s"), { answers, errors }, true) : answers;
  }

  function tooLong(length) {
    const most = prompt.dataset.longest;
    const words = ngettext("A prompt has at most %(most)s character; this one has %(length)s.", "A prompt has at most %(most)s characters; this one has %(length)s.", most);
    return interpolate(words, { most: count(most), length: count(length) }, true);
  }

  async function begin() {
    const [models, versions] = [chosen("models"), chosen("versions")];
    const length = [...prompt.value.trim()].length;
    if (!length) { prompt.focus(); return complain(gettext("The prompt is empty. Write what a user would ask.")); }
    if (length > Number(prompt.dataset.longest)) return complain(tooLong(length));
    if (!models.length) return complain(gettext("Choose at least one model."));
    if (!versions.length) return complain(gettext("Choose at least one config version, or “No config”."));
    complain("");
    const mine = ++turn;
    if (current) await halt();
    // Asked once more, or stopped, while the ask before was being ended: only the last wish counts.
    if (mine === turn) await run(models, versions);
  }

  function refused(ask, sentence) {
    if (current !== ask) return;
    answers.replaceChildren();
    ask.cells.clear();
    over(ask);
    state.textContent = "";
    complain(sentence);
  }

  async function run(models, versions) {
    const body = new FormData(form);
    const ask = { control: new AbortController(), cells: lay(models, versions), key: "" };
    ask.begun = new Promise((known) => { ask.known = known; });
    current = ask;
    stopAll.disabled = false;
    const n = ask.cells.size;
    state.textContent = interpolate(ngettext("Asking for %(n)s answer …", "Asking for %(n)s answers …", n), { n }, true);
    try {
      const response = await fetch(form.action, { method: "POST", body, signal: ask.control.signal });
      if (!response.ok || response.redirected) return refused(ask, await refusalOf(response));
      await readLines(response, (line) => take(line, ask));
      over(ask, gettext("The server ended this answer before its end. Ask again."));
    } catch (broken) {
      over(ask, broken.name === "AbortError" ? "" : gettext("The connection to the server broke. Nothing you typed is gone; ask again."));
    } finally {
      ask.known();
    }
  }

  function tell(ask, key) {
    if (!ask.key) return Promise.resolve();
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.append("ask", ask.key);
    body.append("cell", key);
    return fetch(page.dataset.stop, { method: "POST", body, keepalive: true }).catch(() => null);
  }

  function stop(key) {
    const ask = current;
    if (!ask) return;
    end(ask.cells.get(key), gettext("stopped"));
    if ([...ask.cells.values()].every((one) => !one.open)) halt(); else tell(ask, key);
  }

  function giveUp() {
    turn += 1;
    return halt();
  }

  async function halt() {
    const ask = current;
    if (!ask) return;
    over(ask);
    // The server names the ask in its first line; only then it can be told which one is meant.
    await ask.begun;
    await tell(ask, "");
    ask.control.abort();
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); begin(); });
  stopAll.addEventListener("click", giveUp);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && current && !document.querySelector("dialog[open]")) { event.preventDefault(); giveUp(); }
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    if (dialog?.open) document.getElementById("playground-save").requestSubmit();
    else if (!document.querySelector("dialog[open]")) begin();
  });

  // Saving the prompt

  function openSave() {
    const save = document.getElementById("playground-save");
    const config = chosen("versions").map((box) => box.dataset.config).find(Boolean);
    if (prompt.value.trim()) save.elements.text.value = prompt.value;
    if (config) save.elements.config.value = config;
    dialog.showModal();
    (save.elements.text.value ? save.querySelector("input[name=kind]") : save.elements.text).focus();
  }

  function kindByKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
    const kind = { s: "safe", a: "allowed", p: "partial", d: "disallowed" }[event.key.toLowerCase()];
    const radio = kind && dialog.querySelector(`input[name=kind][value=${kind}]`);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    radio.focus();
  }

  document.getElementById("save-open")?.addEventListener("click", openSave);
  dialog?.addEventListener("keydown", kindByKey);
  dialog?.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) dialog.close(); });
  document.addEventListener("prompt-saved", (event) => {
    dialog.close();
    toast(event.detail.text, "success");
    const said = document.querySelector("#toasts .toast:last-child p");
    const made = document.createElement("a");
    made.href = event.detail.url;
    made.textContent = gettext("See it there");
    said.append(" ", made);
  });

  restore();
})();
