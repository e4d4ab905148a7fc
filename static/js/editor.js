"use strict";
// The editor of a config: saves as one types, says truthfully whether it did, and keeps what is typed in this browser
// until the server has it. Without this file the same form is sent with its buttons.
{
  const form = document.getElementById("editor");
  const list = document.getElementById("rule-list");
  const sign = document.getElementById("sign");
  const said = document.getElementById("sign-said");
  const handIn = document.getElementById("submit-form");
  const field = form.elements;
  const place = document.title.match(/ · [^·]*$/)?.[0] ?? "";
  const TEXTS = ["title", "use_case", "audience", "language", "policy"];
  const RULE = ["id", "kind", "text", "example"];
  const PAUSE_MS = 800, LONGEST_PAUSE_MS = 5000, ANSWER_MS = 20000;
  const WAITS_S = [2, 5, 10, 20, 30];
  const SHELF = `cosa:config:${form.dataset.config}:${form.dataset.person}:`;
  const SLOT = SHELF + Math.random().toString(36).slice(2);

  // What the form says

  function snapshot() {
    const data = new FormData(form);
    const columns = RULE.map((name) => data.getAll(`rule-${name}`));
    const rules = columns[0].map((_, place) => Object.fromEntries(RULE.map((name, column) => [name, columns[column][place]])));
    return JSON.stringify({ ...Object.fromEntries(TEXTS.map((name) => [name, data.get(name)])), allowed: data.getAll("allowed"), rules });
  }

  // The same as the server would store it: white space at the ends and rules without a text do not count.
  function stored(snap) {
    const tidy = (text) => String(text ?? "").replace(/\r\n?/g, "\n").trim();
    const whole = JSON.parse(snap);
    const rules = whole.rules.map((rule) => RULE.map((name) => tidy(rule[name]))).filter((rule) => rule[2] || rule[3]);
    return JSON.stringify([TEXTS.map((name) => tidy(whole[name])), [...whole.allowed].sort(), rules]);
  }

  function put(snap) {
    const whole = JSON.parse(snap);
    for (const name of TEXTS) field[name].value = whole[name] ?? "";
    for (const box of form.querySelectorAll("[name=allowed]")) box.checked = whole.allowed.includes(box.value);
    list.replaceChildren(...whole.rules.map(row));
    tellRules();
  }

  // Kept in this browser until the server has it

  function keep() {
    try {
      localStorage.setItem(SLOT, JSON.stringify({ at: Date.now(), said: snapshot() }));
    } catch { /* a private window, or no room: the page itself still holds the text */ }
  }

  const forget = (slot) => { try { localStorage.removeItem(slot); } catch { /* nothing was kept */ } };

  function kept() {
    const found = [];
    try {
      for (const slot of Object.keys(localStorage).filter((name) => name.startsWith(SHELF) && name !== SLOT)) {
        try {
          const { at, said: snap } = JSON.parse(localStorage.getItem(slot));
          if (stored(snap) === stored(snapshot())) forget(slot); else found.push({ slot, at, snap });
        } catch { forget(slot); }
      }
    } catch { /* this browser keeps nothing */ }
    return found.sort((one, other) => other.at - one.at);
  }

  const note = document.getElementById("kept");
  let offered = null;

  function offer() {
    [offered] = kept();
    note.hidden = !offered;
    if (!offered) return;
    const when = new Date(offered.at), today = when.toDateString() === new Date().toDateString();
    const time = today ? clock(when) : `${when.toLocaleDateString("en-GB")}, ${clock(when)}`;
    const words = [interpolate(gettext("This browser holds what you typed at %(time)s; it never reached the server."), { time }, true)];
    if (when < new Date(form.dataset.savedAt)) words.push(gettext("Something was saved since then."));
    note.querySelector("[data-said]").textContent = words.join(" ");
    note.querySelector("pre").textContent = readable(offered.snap);
  }

  function readable(snap) {
    const whole = JSON.parse(snap);
    const rules = whole.rules.map((rule) => `${rule.id} (${rule.kind}): ${rule.text}${rule.example ? `\n    ${rule.example}` : ""}`);
    return [whole.title, whole.policy, ...rules].filter(Boolean).join("\n\n");
  }

  document.getElementById("restore-kept").addEventListener("click", () => {
    const { slot, snap } = offered;
    const before = snapshot();
    put(snap);
    keep();
    forget(slot);
    changed();
    offer();
    if (stored(before) !== stored(acked ?? before)) toast(gettext("What stood here unsaved was replaced."), "warning");
    field.policy.focus();
  });
  document.getElementById("drop-kept").addEventListener("click", () => { forget(offered.slot); offer(); });

  // The sign

  const clock = (when) => when.toLocaleTimeString("en-GB");
  let spoken = "";

  function say(state, text, aloud = text, ...more) {
    sign.dataset.state = state;
    sign.replaceChildren(text, ...more);
    if (aloud !== spoken) said.textContent = spoken = aloud;
  }

  const saved = (when) => say("saved", interpolate(gettext("saved %(time)s"), { time: clock(when) }, true), gettext("saved"));

  // Saving: one request at a time, the newest state after it

  let acked = form.dataset.unsaved === undefined ? snapshot() : null;
  let savedAt = new Date(form.dataset.savedAt);
  let lost = null; // The request whose answer never came. It is asked again as it was: perhaps the server has it already.
  let running = null, halted = null, away = false, leaving = false, tries = 0, timer = 0, ticking = 0, since = 0;

  const dirty = () => snapshot() !== acked;

  function changed() {
    if (!dirty() && !running && !lost) {
      forget(SLOT);
      clearTimeout(timer);
      away = false;
      if (!halted) saved(savedAt);
      return;
    }
    keep();
    if (halted || ticking || away) return;
    if (!running) say("saving", gettext("saving …"));
    since ||= Date.now();
    clearTimeout(timer);
    timer = setTimeout(send, Math.max(0, Math.min(PAUSE_MS, since + LONGEST_PAUSE_MS - Date.now())));
  }

  function send() {
    running ??= round().finally(() => { running = null; if (!halted && !ticking && !away && !refused && dirty()) changed(); });
    return running;
  }

  let refused = false;

  async function round() {
    clearTimeout(timer);
    clearInterval(ticking);
    since = ticking = 0;
    if (halted) return;
    const sent = lost ?? pack();
    say("saving", gettext("saving …"));
    settle(await ask(sent), sent);
  }

  function pack() {
    const data = new FormData(form);
    data.delete("csrfmiddlewaretoken");
    return { data, said: snapshot() };
  }

  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? field.csrfmiddlewaretoken.value;

  async function ask({ data }) {
    const headers = { Accept: "application/json", "X-CSRFToken": token() };
    try {
      const response = await fetch(form.getAttribute("action"), { method: "POST", body: data, headers, redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) });
      const json = response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : {};
      return { status: response.type === "opaqueredirect" ? 302 : response.status, ...json };
    } catch {
      return { status: 0 };
    }
  }

  function settle(answer, sent) {
    const { status } = answer;
    refused = away = false;
    lost = null;
    if (status === 200) return arrived(answer, sent);
    if (status === 0 || status >= 500) return wait(sent, status);
    if (status === 409) return conflict(answer);
    if ([302, 403, 404].includes(status)) return locked(status);
    return refuse(answer);
  }

  function arrived(answer, sent) {
    acked = sent.said;
    tries = 0;
    savedAt = new Date(answer.saved_at);
    form.dataset.savedAt = answer.saved_at;
    clearErrors();
    follow(answer);
    if (dirty()) return;
    forget(SLOT);
    saved(savedAt);
    document.body.dispatchEvent(new Event("saved"));
  }

  // The draft may have gone on as the next version: everything on the page that names it follows.
  function follow({ number, revision, page, submit, title, parts }) {
    field.number.value = number;
    field.revision.value = handIn.elements.revision.value = revision;
    handIn.action = submit;
    handIn.querySelector("[type=submit]").textContent = interpolate(gettext("Submit v%(number)s"), { number }, true);
    form.dataset.page = page;
    document.getElementById("editor-title").textContent = title;
    document.title = interpolate(gettext("Edit %(title)s"), { title }, true) + place;
    for (const [id, html] of Object.entries(parts)) exchange(document.getElementById(id), html);
    freshTokens();
  }

  const shown = {};

  function exchange(part, html) {
    if (shown[part.id] === html) return;
    shown[part.id] = html;
    part.innerHTML = html;
    htmx.process(part);
  }

  // After another log-in the old token is worth nothing.
  function freshTokens() {
    const now = token();
    for (const input of document.getElementsByName("csrfmiddlewaretoken")) input.value = now;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": now }));
  }

  function wait(sent, status) {
    lost = sent;
    const again = status ? gettext("not saved: the server had an error (%(status)s); trying again") : gettext("not saved: the server cannot be reached; trying again");
    const safe = status
      ? gettext("the server had an error (%(status)s); what you type is kept in this browser")
      : gettext("the server cannot be reached; what you type is kept in this browser");
    const counting = () => interpolate(gettext("not saved, trying again in %(left)s s"), { left }, true);
    let left = WAITS_S[Math.min(tries++, WAITS_S.length - 1)];
    const tell = () => say("unsaved", counting(), interpolate(again, { status }, true));
    tell();
    sign.title = interpolate(safe, { status }, true);
    ticking = setInterval(() => { left -= 1; if (left > 0) tell(); else send(); }, 1000);
  }

  const LOCKED = {
    302: gettext("not saved: you are logged out."),
    403: gettext("not saved: you are logged out, or may not write here any more."),
    404: gettext("not saved: the person who is logged in now has no such config."),
  };

  function locked(status) {
    away = true;
    const link = document.createElement("a");
    link.href = `${form.dataset.login}?next=${encodeURIComponent(form.dataset.page)}`;
    Object.assign(link, { textContent: gettext("Log in in a new tab"), target: "_blank", rel: "noopener" });
    say("unsaved", `${LOCKED[status]} `, LOCKED[status], link, gettext("; what you typed is kept here."));
    clearTimeout(timer);
    timer = setTimeout(send, 1000 * WAITS_S[Math.min(tries++, WAITS_S.length - 1)]);
  }

  function refuse({ status, problems = [], errors = {} }) {
    refused = true;
    clearErrors();
    const sentences = [...problems, ...Object.values(errors).flat()];
    for (const [name, found] of Object.entries(errors)) tellError(name, found);
    for (const id of problems.join(" ").match(/\br[1-9]\d*\b/g) ?? []) document.getElementById(`rule-${id}`)?.classList.add("hit");
    const why = sentences[0] ?? interpolate(gettext("the server refused it (%(status)s); perhaps it is too long."), { status }, true);
    say("unsaved", interpolate(gettext("not saved: %(why)s"), { why }, true));
  }

  function tellError(name, sentences) {
    const input = document.getElementById(`id_${name}`);
    if (!input) return;
    const told = document.createElement("ul");
    Object.assign(told, { className: "field-error", id: `id_${name}_error` });
    for (const sentence of sentences) told.append(Object.assign(document.createElement("li"), { textContent: sentence }));
    input.setAttribute("aria-invalid", "true");
    input.after(told);
  }

  function clearErrors() {
    for (const told of form.querySelectorAll(".field > .field-error")) told.remove();
    for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    for (const rule of form.querySelectorAll(".edit-rule.hit")) rule.classList.remove("hit");
  }

  // Somebody else saved

  const clash = document.getElementById("conflict");

  function conflict({ problems, now }) {
    if (String(now.number) === field.number.value && String(now.revision) === field.revision.value && 3 > tries++) {
      timer = setTimeout(send);
      return;
    }
    halted = now;
    keep();
    clash.hidden = false;
    clash.querySelector("[data-said]").textContent = [...problems, gettext("What you typed stands here and in this browser, unsaved.")].join(" ");
    clash.querySelector("[data-page]").href = now.page;
    say("unsaved", gettext("not saved: somebody else saved this draft"));
    clash.scrollIntoView({ block: "nearest" });
  }

  document.getElementById("take-theirs").addEventListener("click", () => {
    leaving = true;
    if (halted.number) location.reload(); else location.assign(halted.page);
  });
  document.getElementById("keep-mine").addEventListener("click", () => {
    field.number.value = halted.number ?? "";
    field.revision.value = halted.revision ?? 0;
    halted = null;
    clash.hidden = true;
    send();
  });

  // Rules

  let next = Number(form.dataset.next);

  function row(rule) {
    next = Math.max(next, Number(rule.id.slice(1)) + 1);
    const made = document.getElementById("rule-model").content.firstElementChild.cloneNode(true);
    for (const node of [made, ...made.querySelectorAll("*")]) {
      for (const attribute of [...node.attributes]) attribute.value = attribute.value.replaceAll(/\br0\b/g, rule.id);
    }
    made.querySelector(".rule-id").textContent = rule.id;
    for (const name of RULE) made.querySelector(`[name=rule-${name}]`).value = rule[name];
    return made;
  }

  const rows = () => [...list.querySelectorAll(".edit-rule")];
  const tellRules = () => { document.getElementById("no-rules").hidden = rows().length > 0; };

  function addRule() {
    const { most } = form.dataset;
    if (rows().length >= Number(most)) {
      return toast(interpolate(ngettext("A version has at most %(most)s rule.", "A version has at most %(most)s rules.", most), { most }, true), "warning");
    }
    const made = row({ id: `r${next}`, kind: "allow", text: "", example: "" });
    list.append(made);
    tellRules();
    made.querySelector("[name=rule-text]").focus();
    changed();
  }

  function removeRule(rule) {
    const gone = document.createElement("li");
    gone.className = "rule-gone";
    const undo = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: gettext("Undo") });
    undo.addEventListener("click", () => {
      gone.replaceWith(rule);
      tellRules();
      rule.querySelector("[name=rule-text]").focus();
      changed();
    });
    gone.append(interpolate(gettext("%(rule)s is removed; its number stays its own."), rule.dataset, true), undo);
    rule.replaceWith(gone);
    undo.focus();
    tellRules();
    changed();
  }

  function moveRule(rule, step, button) {
    const all = rows(), other = all[all.indexOf(rule) + step];
    if (!other) return;
    if (step < 0) other.before(rule); else other.after(rule);
    button.focus();
    changed();
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=do]");
    if (!button) return;
    event.preventDefault();
    const rule = button.closest(".edit-rule"), [verb] = button.value.split(" ");
    if (verb === "add") addRule();
    if (verb === "remove") removeRule(rule);
    if (verb === "up") moveRule(rule, -1, button);
    if (verb === "down") moveRule(rule, 1, button);
  });

  // Policy: writing or reading

  function policyAs(way) {
    document.getElementById("policy-field").hidden = way !== "write";
    document.getElementById("policy-preview").hidden = way === "write";
    for (const button of form.querySelectorAll("[data-policy]")) button.setAttribute("aria-pressed", String(button.dataset.policy === way));
  }

  function showLine(line) {
    policyAs("write");
    const text = field.policy.value;
    const before = text.slice(0, text.length - text.trimStart().length).split("\n").length - 1;
    const lines = text.split("\n"), at = Math.min(line - 1 + before, lines.length - 1);
    const start = lines.slice(0, at).join("\n").length + (at ? 1 : 0);
    field.policy.focus();
    field.policy.setSelectionRange(start, start + lines[at].length);
    field.policy.scrollTop = heightOf(text.slice(0, start)) - field.policy.clientHeight / 3;
  }

  // How high the textarea would be with this text: a copy of it, out of sight, tells.
  function heightOf(text) {
    const copied = field.policy.cloneNode();
    copied.removeAttribute("id");
    copied.removeAttribute("name");
    copied.className = "measuring policy";
    copied.value = text;
    field.policy.after(copied);
    const { scrollHeight } = copied;
    copied.remove();
    return scrollHeight;
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-policy], [data-go-rule], [data-go-line], [data-close]");
    if (!target) return;
    const { policy, goRule, goLine, close } = target.dataset;
    if (policy) policyAs(policy);
    if (close) document.getElementById(close).close();
    if (!goRule && !goLine) return;
    event.preventDefault();
    if (goLine) showLine(Number(goLine));
    const rule = goRule && document.getElementById(`rule-${goRule}`);
    if (!rule) return;
    rule.scrollIntoView({ block: "center" });
    rule.querySelector("[name=rule-text]").focus({ preventScroll: true });
  });

  // Handing in: only what is saved

  handIn.addEventListener("submit", async (event) => {
    event.preventDefault();
    const complaint = document.getElementById("submit-refused");
    complaint.hidden = true;
    if (running) await running;
    if (!halted) await send();
    if (dirty() && !halted && !ticking && !away) await send();
    if (dirty() || lost || halted || sign.dataset.state !== "saved") {
      complaint.textContent = interpolate(gettext("Only what is saved can be submitted: %(state)s."), { state: sign.textContent }, true);
      complaint.hidden = false;
      return;
    }
    leaving = true;
    handIn.submit();
  });

  // Events of the page

  form.addEventListener("input", (event) => {
    refused = false;
    if (event.target === field.language) for (const text of form.querySelectorAll("[lang]")) text.lang = field.language.value || "en";
    changed();
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      send();
    }
    if (event.altKey && !event.ctrlKey && event.code === "KeyR") {
      event.preventDefault();
      addRule();
    }
  });
  addEventListener("online", () => { if (lost || away) send(); });
  addEventListener("focus", () => { if (away) send(); });
  addEventListener("beforeunload", (event) => { if (!leaving && (dirty() || running || lost)) event.preventDefault(); });

  if (acked) saved(savedAt);
  else changed();
  offer();
}
