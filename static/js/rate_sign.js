"use strict";
// Rating, what is said: the sign that tells whether all is saved, bars for what must not be overlooked, and the voice
// for people who listen to the page.
{
  const sign = document.getElementById("rate-sign");
  const bars = document.getElementById("rate-bars");
  const voice = document.getElementById("rate-said");

  Rate.say = (text) => { voice.textContent = text; };

  // Answers and drafts are saved each by itself; the sign shows the worse of both.
  const parts = {};
  let spoken = "", savedAt = "";
  const TEXTS = {
    unsaved: (more) => gettext("not saved, trying again") + more,
    kept: () => gettext("not saved, kept in this browser"),
    saving: () => gettext("saving"),
    saved: () => interpolate(gettext("saved %(time)s"), { time: Rate.clock(savedAt, true) }, true),
    "": () => "",
  };

  Rate.sign = (part, state, more = "") => {
    parts[part] = { state, more };
    const all = Object.values(parts);
    const worst = ["unsaved", "kept", "saving"].map((name) => all.find((one) => one.state === name)).find(Boolean) ?? { state: savedAt && "saved" };
    const text = TEXTS[worst.state](worst.more);
    sign.dataset.state = worst.state === "kept" ? "unsaved" : worst.state;
    sign.textContent = text;
    if (worst.state === "saving") return;
    const aloud = worst.state === "saved" ? "" : text;
    if (aloud !== spoken) Rate.say(aloud || gettext("saved"));
    spoken = aloud;
  };

  // `when` is the server's time; no other may stand beside "saved". What else waits of that part is not saved by it.
  Rate.saved = (part, when, more = false) => {
    Rate.heard(when);
    if (!savedAt || Date.parse(when) > Date.parse(savedAt)) savedAt = when;
    Rate.sign(part, more ? "saving" : "saved");
  };

  // A bar stays until what it says is over, or until it is put away. One of each name.
  Rate.bar = (name, words, { links = [], good = false, onClose = null } = {}) => {
    Rate.unbar(name);
    const bar = document.createElement("div");
    bar.className = good ? "note" : "note error";
    bar.dataset.bar = name;
    bar.setAttribute("role", good ? "status" : "alert");
    const text = document.createElement("p");
    text.append(...[words].flat().map((part) => (typeof part === "string" ? part : quoted(part.text))));
    const line = document.createElement("p");
    line.className = "cluster small";
    for (const { text: label, href, away, act } of links) {
      const link = Object.assign(document.createElement(href ? "a" : "button"), { textContent: label });
      if (href) Object.assign(link, away ? { href, target: "_blank", rel: "noopener" } : { href });
      else Object.assign(link, { type: "button", className: "button small", onclick: act });
      line.append(link, " ");
    }
    const close = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: gettext("Put away") });
    close.onclick = () => { Rate.unbar(name); onClose?.(); };
    line.append(close);
    bar.append(text, line);
    bars.append(bar);
  };

  function quoted(text) {
    return Object.assign(document.createElement("q"), { dir: "auto", textContent: text });
  }

  Rate.unbar = (name) => { bars.querySelector(`[data-bar="${CSS.escape(name)}"]`)?.remove(); };

  // What keeps everything from being saved, in words; any answer of the server takes it back.
  const LOCKED = {
    302: gettext("You are logged out. Everything you answered and wrote is kept in this browser."),
    403: gettext("You are logged out, or may not rate here any more. Everything you answered and wrote is kept in this browser."),
    404: gettext("Who is logged in now does not rate in this campaign. Everything you answered and wrote is kept in this browser."),
  };

  Rate.trouble = (status) => {
    if (status === 200 || status === 400 || status === 409) return Rate.unbar("locked");
    if (!LOCKED[status] || bars.querySelector("[data-bar=locked]")) return;
    const back = `${Rate.page.dataset.login}?next=${encodeURIComponent(Rate.page.dataset.base)}`;
    Rate.bar("locked", LOCKED[status], { links: [{ text: gettext("Log in in a new tab"), href: back, away: true }] });
  };
}
