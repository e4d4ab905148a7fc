"use strict";
// Rating, what happens beside it: the guideline, the dialogs of skip and flag, breaks, and answers the server refused.
{
  const page = Rate.page;

  // The guideline: the newest one is announced with the first item it holds for, and fetched when somebody looks.

  let guide = Number(page.dataset.guideline);
  const link = document.getElementById("rate-guideline");

  Rate.newGuideline = ({ guideline }) => {
    if (!guideline || guideline <= guide) return;
    guide = guideline;
    link.textContent = interpolate(gettext("Guideline v%(number)s"), { number: guide }, true);
    const words = interpolate(gettext("The guideline has changed: version %(number)s holds from this item on."), { number: guide }, true);
    Rate.bar("guideline", words, { good: true, links: [{ text: gettext("Read it"), act: read }] });
  };

  async function read() {
    const text = document.getElementById("guideline-text");
    if (Number(text.dataset.number) !== guide) {
      const response = await fetch(Rate.at("guideline"), { headers: { "HX-Request": "true" } }).catch(() => null);
      if (response?.ok && !response.redirected) text.outerHTML = await response.text();
    }
    Rate.unbar("guideline");
    document.getElementById("guideline").showModal();
  }

  link.addEventListener("click", (event) => { event.preventDefault(); read(); });

  // Skip and flag: act(data) once the person has sent the dialog; stay() whenever it is closed.

  Rate.dialog = (id, act, stay) => {
    const dialog = document.getElementById(id);
    const form = dialog.querySelector("form");
    dialog.addEventListener("close", () => {
      const data = new FormData(form);
      const sent = dialog.returnValue;
      dialog.returnValue = "";
      if (sent || id === "rate-skip") form.reset();
      stay();
      if (sent) act(data);
    });
  };

  // Breaks: reminded of no more often than the campaign says, and never in the middle of an answer.

  const rest = document.getElementById("rate-break");
  let reminded = 0;

  Rate.remind = (answering) => {
    if (Date.now() - reminded < 60000 * Number(page.dataset.break) || document.querySelector("dialog[open]") || answering) return;
    reminded = Date.now();
    const n = page.dataset.break;
    const words = ngettext("You have worked for %(n)s minute and more.", "You have worked for %(n)s minutes and more.", n);
    Rate.offerRest(gettext("Time for a break?"), interpolate(words, { n }, true));
  };

  Rate.offerRest = (title, words) => {
    step("offer", title, words);
    rest.showModal();
  };

  function step(name, title, words) {
    rest.querySelector("h2").textContent = title;
    rest.querySelector("[data-words]").textContent = words;
    for (const part of rest.querySelectorAll("[data-step]")) part.hidden = part.dataset.step !== name;
    page.toggleAttribute("data-away", name === "away");
  }

  document.getElementById("rate-away").addEventListener("click", () => {
    step("away", gettext("A break"), gettext("Take your time. What you have sent is saved, and what you have begun is kept for you; an item that waits too long may go to somebody else."));
    rest.querySelector("[data-step=away] button").focus();
  });

  Rate.afterRest = (go) => rest.addEventListener("close", () => { page.removeAttribute("data-away"); go(); });

  // Refused answers: said until they are put away, or answered anew.

  function answerOf({ points, follows_config: follows, broken_rules: rules = [] }) {
    const said = { points, follows: { yes: gettext("yes"), no: gettext("no") }[follows] ?? follows, rules: rules.join(", ") };
    const words = rules.length ? gettext("You had said %(points)s, %(follows)s (%(rules)s).") : gettext("You had said %(points)s, %(follows)s.");
    return interpolate(words, said, true);
  }

  Rate.tellRefused = (entry, words) => {
    const { comment, text, note } = entry.body;
    const said = entry.kind === "submit" ? ` ${answerOf(entry.body)}` : "";
    const written = comment || text || note || "";
    const parts = [`${words ?? gettext("The server did not take this.")}${said}${written ? " " : ""}`, ...(written ? [{ text: written }] : [])];
    const links = entry.kind === "flag" ? [] : [{ text: gettext("Open that item"), href: Rate.at("", entry.key) }];
    Rate.bar(entry.id, parts, { links, onClose: () => Rate.kept.drop(`refused:${entry.id}`) });
  };

  // What was refused of this item, to begin from; forgotten once another answer is sent.
  Rate.refusedOf = (key) => Rate.kept.all("refused:").map(([, entry]) => entry).find((entry) => entry.key === key && entry.kind === "submit");
  Rate.forgetRefused = (key) => {
    for (const [name, entry] of Rate.kept.all("refused:")) if (entry.key === key) { Rate.kept.drop(name); Rate.unbar(entry.id); }
  };
}
