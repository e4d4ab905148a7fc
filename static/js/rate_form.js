"use strict";
// Rating, what is seen: an item in its place, the answer as it stands in the form, the rules one may choose.
{
  const body = document.getElementById("rate-body");
  const form = document.getElementById("rate-form");
  const rules = document.getElementById("rate-rules");
  const ruleWords = document.getElementById("rate-rule");
  const comment = document.getElementById("rate-comment");
  const FOLD = "rate-config";
  const wide = () => matchMedia("(min-width: 1024px)").matches;

  // An item as the server sends it, made ready to be shown: parsing a long text must not wait for a key.
  Rate.made = (item) => {
    const box = document.createElement("template");
    box.innerHTML = item.html;
    const [config, text] = box.content.children;
    document.adoptNode(config);
    document.adoptNode(text);
    return { ...item, html: null, config, text, like: config.innerHTML };
  };

  // The item that came with the page.
  Rate.first = () => {
    const [config, text] = body.children;
    return { ...JSON.parse(Rate.page.dataset.item), config, text, like: config.innerHTML };
  };

  let shown = null;

  // A config that is the same as before stays where it is: unmoved, folded or not.
  Rate.place = (item) => {
    if (shown?.like === item.like && body.contains(shown.config)) item.config = shown.config;
    if (body.firstElementChild !== item.config || body.lastElementChild !== item.text) body.replaceChildren(item.config, item.text);
    if (shown?.config !== item.config) { foldAsBefore(item.config); offerRules(item.config); }
    shown = item;
    hit(null);
    item.text.scrollTop = 0;
    scrollTo({ top: 0, behavior: "instant" });
  };

  function foldAsBefore(config) {
    const kept = store.get(FOLD);
    config.open = kept ? kept === "open" : wide();
  }

  document.addEventListener("toggle", (event) => {
    if (event.target === shown?.config && wide()) store.set(FOLD, event.target.open ? "open" : "closed");
  }, true);

  // Rules

  const listed = () => [...(shown?.config.querySelectorAll("[data-rule]") ?? [])];

  function offerRules(config) {
    const found = [...config.querySelectorAll("[data-rule]")];
    rules.hidden = !found.length;
    rules.querySelector(".chips").replaceChildren(...found.map(chip));
  }

  function chip(rule) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "broken_rules", value: rule.dataset.rule });
    const words = rule.querySelector(".rule-text").textContent;
    box.setAttribute("aria-label", `${rule.dataset.rule}: ${words.slice(0, 120)}`);
    label.title = words;
    label.append(box, Object.assign(document.createElement("span"), { textContent: rule.dataset.rule }));
    return label;
  }

  // The rule a chip speaks of: marked in the policy and brought into view; beside the chips where the policy is folded.
  function hit(name) {
    for (const rule of listed()) rule.classList.toggle("hit", rule.dataset.rule === name);
    const rule = listed().find((one) => one.dataset.rule === name);
    ruleWords.textContent = rule && !(shown.config.open && wide()) ? rule.querySelector(".rule-text").textContent : "";
    if (rule && shown.config.open && wide()) rule.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  form.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name === "broken_rules") hit(event.target.checked ? value : null);
    if (name === "follows_config" && value === "yes") for (const box of chosen("broken_rules")) box.checked = false;
  });

  // The answer

  const chosen = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)];

  Rate.values = () => ({
    points: chosen("points").length ? Number(chosen("points")[0].value) : null,
    follows_config: chosen("follows_config")[0]?.value ?? null,
    broken_rules: chosen("broken_rules").map((box) => box.value),
    risks: chosen("risks").map((box) => box.value),
    comment: comment.value,
  });

  Rate.put = (values) => {
    const given = values ?? {};
    const follows = { true: "yes", false: "no" }[given.follows_config] ?? given.follows_config;
    for (const box of form.querySelectorAll("[type=radio], [type=checkbox]")) {
      const said = box.name === "follows_config" ? follows : given[box.name];
      box.checked = Array.isArray(said) ? said.includes(box.value) : said !== null && said !== undefined && String(said) === box.value;
    }
    comment.value = typeof given.comment === "string" ? given.comment : "";
    Rate.miss("");
  };

  Rate.empty = (values) => values.points === null && values.follows_config === null && !values.risks.length && !values.comment.trim();

  Rate.choose = (name, value) => {
    const box = form.querySelector(`[name=${name}][value="${value}"]`);
    if (box && !box.matches(":disabled")) box.click();
  };

  Rate.miss = (words) => { document.getElementById("rate-missing").textContent = words; };

  // False, and said, while something is still to be answered.
  Rate.complete = (values) => {
    const missing = values.points === null ? ["points", gettext("Say how helpful the response is, from 0 to 5.")] : values.follows_config === null ? ["follows_config", gettext("Say whether it follows the config: y or n.")] : null;
    Rate.miss(missing?.[1] ?? "");
    if (missing) form.querySelector(`[name=${missing[0]}]`).focus();
    return !missing;
  };
}
