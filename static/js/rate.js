"use strict";
// Rating: one item after the other. An answer leaves the screen at once and reaches the server behind it; the item
// after the one on the screen is already here.
{
  const page = Rate.page;
  const body = document.getElementById("rate-body");
  const form = document.getElementById("rate-form");
  const judged = document.getElementById("rate-judged");
  const editing = document.getElementById("rate-editing");
  const send = document.getElementById("rate-send");
  const nothing = document.getElementById("rate-nothing");
  const ON_ITS_WAY = gettext("The next item is on its way. What you have sent stays in this browser until the server has it.");
  const FARTHEST_BACK = 30;

  let current = null; // the item on the screen
  let ahead = null; // the item after it
  let empty = false; // whether the server had none after it
  let parked = null; // the item left for the sake of an earlier one, and what was begun of it
  let judging = null; // the practice item whose right answer is awaited
  let fetching = false, passed = false;
  let done = Number(page.dataset.done), of = Number(page.dataset.of) || null;
  const trail = []; // items answered from this page, with what was said of them, oldest first
  const again = Rate.retry(fetchNext);
  // Only while an item waits to be answered here is the next one the one after it.
  const before = () => Boolean(parked || (current && !current.answer));
  const queue = Rate.makeQueue({ wantsNext: () => before() && !ahead && !empty, done: arrived, refused, settled: fetchNext });

  // Showing

  function show(item, values = Rate.refusedOf(item.key)?.body ?? Rate.draft.of(item)) {
    current = item;
    body.hidden = form.hidden = false;
    nothing.hidden = judged.hidden = true;
    Rate.place(item);
    Rate.put(values);
    Rate.heldUntil(item.until);
    editing.hidden = !item.answer;
    for (const part of form.querySelectorAll("#rate-x, [data-dialog=rate-skip]")) part.hidden = Boolean(item.answer);
    lock(false);
    head();
    item.text.focus({ preventScroll: true });
    Rate.say(item.answer ? gettext("An answer of yours, to be changed") : item.practice ? gettext("Practice item") : numbered(done + 1));
    Rate.newGuideline(item);
    if (!item.answer) history.replaceState(null, "", page.dataset.base); // a reload is to bring this item
  }

  const numbered = (number) => interpolate(of ? gettext("Item %(number)s of %(of)s") : gettext("Item %(number)s"), { number, of }, true);

  function head() {
    const bar = document.getElementById("rate-bar");
    const words = of ? ngettext("%(done)s of %(of)s done", "%(done)s of %(of)s done", of) : ngettext("%(done)s done", "%(done)s done", done);
    document.getElementById("rate-done").textContent = interpolate(words, { done, of }, true);
    bar.toggleAttribute("hidden", !of);
    bar.firstElementChild.setAttribute("width", `${of ? Math.min(100, (100 * done) / of) : 0}%`);
  }

  // Between Enter and the right answer of a practice item nothing can be changed.
  function lock(on) {
    for (const part of form.querySelectorAll("fieldset, #rate-comment, #rate-send")) part.disabled = on;
    send.firstChild.data = `${current?.answer ? gettext("Change") : gettext("Send")} `;
  }

  function showNothing(words, why = "") {
    current = null;
    body.hidden = form.hidden = editing.hidden = true;
    nothing.hidden = false;
    nothing.querySelector("[data-words]").textContent = words;
    for (const part of nothing.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(why);
    nothing.firstElementChild.focus({ preventScroll: true });
    Rate.heldUntil(null);
    head();
    Rate.say(words);
  }

  // The items to come

  async function fetchNext() {
    if (fetching || queue.length || ahead || empty) return;
    fetching = true;
    const answer = await Rate.ask(Rate.at("next"), { ahead: before() });
    fetching = false;
    Rate.trouble(answer.status);
    if (answer.status !== 200) return again.later();
    again.stop();
    take(answer);
  }

  function take({ item, why, words }) {
    if (item && (queue.holds(item.key) || [current?.key, parked?.item.key].includes(item.key))) return;
    ahead = item ? Rate.made(item) : null;
    empty = !item && current !== null;
    if (current || passed || (!item && queue.length)) return; // what is still to be sent may change the answer
    if (item) advance(); else showNothing(words, why);
  }

  function advance() {
    if (parked) { const { item, values } = parked; parked = null; return show(item, values); }
    empty = false; // by now it may be otherwise
    if (ahead) { const item = ahead; ahead = null; show(item); } else showNothing(ON_ITS_WAY);
    fetchNext();
  }

  // Sending

  function submit() {
    if (!current) return nothing.querySelector("[data-again]:not([hidden])")?.click();
    if (judging) return;
    if (!judged.hidden) return advance();
    const values = Rate.values(), item = current, token = Rate.uuid();
    if (!Rate.complete(values)) return;
    const asked = { ...values, token, guideline: item.guideline || null, replaces: item.replaces ?? null };
    const first = !item.answer, counts = first && !item.practice;
    queue.add("submit", item.key, asked, { counts, late: Boolean(item.late) });
    Rate.draft.over(item.key);
    Rate.forgetRefused(item.key);
    remember({ ...item, answer: values, replaces: token, until: null });
    done += counts ? 1 : 0;
    if (!first || !item.practice) return advance();
    judging = item;
    lock(true);
    Rate.miss(gettext("The right answer comes as soon as the server has yours."));
  }

  // An answer that is changed keeps its place among those one may go back to.
  function remember(item) {
    const place = trail.findIndex((one) => one.key === item.key);
    if (place < 0) trail.push(item); else trail[place] = item;
    if (trail.length > FARTHEST_BACK) trail.shift();
  }

  function arrived(entry, answer) {
    if (answer.saved) Rate.saved("answers", answer.saved, queue.length > 0);
    if (entry.kind === "flag") Rate.bar("flagged", gettext("The lead has your flag. The answer will stand among your work here."), { good: true });
    if (entry.late && current) current.late = true; // the server could not see when it came before the person
    if (answer.progress) { done = answer.progress.done + queue.counting; of = answer.progress.of; head(); }
    if (answer.next) take(answer.next);
    if (judging?.key === entry.key) judge(answer.practice);
    if (answer.break) Rate.remind(judging || !judged.hidden || (current && !Rate.empty(Rate.values())));
  }

  function judge(right) {
    judging = null;
    if (!right) return advance();
    const put = (name, text) => { judged.querySelector(`[data-${name}]`).textContent = text; };
    Rate.miss("");
    put("right", right.right ? gettext("That is the right answer.") : gettext("The right answer is another one."));
    put("points", right.low === right.high ? right.low : interpolate(gettext("%(low)s to %(high)s"), right, true));
    put("follows", right.follows ? gettext("yes") : gettext("no"));
    put("why", right.why);
    judged.hidden = false;
    judged.querySelector("[data-on]").focus();
    Rate.say(judged.textContent);
  }

  function refused(entry, words) {
    const place = trail.findIndex((one) => one.replaces === entry.id);
    if (place >= 0) trail.splice(place, 1);
    if (entry.counts) { done -= 1; head(); }
    Rate.tellRefused(entry, words);
    if (judging?.key === entry.key) { judging = null; advance(); }
  }

  // Back

  async function goBack() {
    if (judging) return;
    const place = current?.answer ? trail.findIndex((one) => one.key === current.key) : trail.length;
    if (place > 0) return leaveFor(trail[place - 1]);
    const answer = await Rate.ask(Rate.at("back"), { before: trail[0]?.key ?? current?.key ?? null });
    Rate.trouble(answer.status);
    if (answer.status !== 200) return toast(answer.error ?? gettext("The server cannot be reached, so earlier answers cannot be shown now."), "warning");
    if (!answer.item) return toast(gettext("There is no answer of yours before this one."));
    trail.unshift(Rate.made(answer.item));
    leaveFor(trail[0]);
  }

  function leaveFor(item) {
    if (current && !current.answer) parked = judged.hidden ? { item: current, values: Rate.values() } : null;
    show(item);
  }

  // Passing on

  function skip(reason, note = "") {
    if (!current || current.answer || judging || !judged.hidden) return;
    const { key } = current;
    queue.add("skip", key, { reason, note });
    Rate.draft.over(key);
    if (reason !== "distressing") return advance();
    passed = true;
    ahead = null; // the server may have taken it back, to spare the person another of the kind
    empty = false;
    showNothing("");
    Rate.offerRest(gettext("Passed on"), gettext("It is gone, and you will not see it again. It counts against nothing."));
  }

  Rate.afterRest(() => {
    if (passed) { passed = false; advance(); } else current?.text.focus({ preventScroll: true });
  });

  // Holds

  const LOST = gettext("The time for this item is over, and it may be with somebody else now. If you send your answer all the same, it is stored where a place is free.");
  const tellLost = (words) => Rate.bar("lost", words, { links: [{ text: gettext("Go on with another item"), href: page.dataset.base }] });
  const mine = () => [parked?.item, current, ahead].filter((item) => item?.until);

  const beat = Rate.beating({
    keys: () => mine().map((item) => item.key),
    held(key, until) {
      for (const item of mine()) if (item.key === key) item.until = until;
      if (current?.key === key) { Rate.heldUntil(until); Rate.unbar("lost"); }
    },
    lost(key) {
      if (ahead?.key === key) { ahead = null; fetchNext(); } else if (current?.key === key) tellLost(LOST);
    },
  });

  document.addEventListener("rate:lost", ({ detail }) => { if (detail.key === current?.key) tellLost(detail.words ?? LOST); });

  // What people do

  const onClick = (target, act) => target.addEventListener("click", (event) => { event.preventDefault(); act(event); });
  const stay = () => current?.text.focus({ preventScroll: true });
  form.noValidate = true;
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  form.addEventListener("input", () => { if (current) Rate.draft.touched(current.key, Rate.values(), Boolean(current.answer)); });
  onClick(judged.querySelector("[data-on]"), advance);
  onClick(document.getElementById("rate-on"), () => { Rate.draft.over(current.key); advance(); });
  onClick(document.getElementById("rate-back"), goBack);
  onClick(document.getElementById("rate-x"), () => skip("distressing"));
  onClick(nothing.querySelector("[data-again]"), () => { empty = false; fetchNext(); });
  Rate.dialog("rate-skip", (data) => skip(data.get("reason"), data.get("note")), stay);
  Rate.dialog("rate-flag", (data) => current && queue.add("flag", current.key, { text: data.get("text") }), stay);

  // Who leaves with nothing begun gives the items back at once; otherwise they are held until their time is over.
  document.getElementById("rate-leave").addEventListener("click", (event) => {
    const idle = !queue.length && !parked && !judging && (!current || (!current.answer && Rate.empty(Rate.values())));
    if (idle && !event.ctrlKey && !event.metaKey && !event.shiftKey) Rate.ask(Rate.at("leave"));
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  Object.assign(Rate, { submit, goBack, skip, beat, current: () => current, ready: () => Boolean(ahead || empty) && !queue.length });

  // The beginning, after app.js has folded what a small screen has no room for. First goes out what an earlier page
  // kept; an item it has an answer to is not shown once more.
  document.addEventListener("DOMContentLoaded", () => {
    for (const [, entry] of Rate.kept.all("refused:")) Rate.tellRefused(entry, entry.words);
    queue.adopt();
    const item = page.dataset.item ? Rate.first() : null;
    if (item && !queue.holds(item.key)) { show(item); fetchNext(); } else if (item || queue.length) advance();
  });
}
