"use strict";
// Rating, what is begun: kept in this browser with every key, and on the server a moment after the last one.
{
  const PAUSE_MS = 800, LONGEST_PAUSE_MS = 5000, KEPT_MS = 14 * 24 * 3600 * 1000;
  const again = Rate.retry(send);
  let open = null; // { key, values } that the server does not have yet
  let timer = 0, since = 0, running = false;

  const name = (key) => `draft:${key}`;

  Rate.draft = {
    touched(key, values, here) {
      const stored = Rate.kept.put(name(key), { at: Rate.now(), values, acked: false });
      if (here) return; // an answer that is changed: the server keeps what was sent, this browser what was begun
      open = { key, values, stored };
      since ||= Date.now();
      if (!running) Rate.sign("draft", "saving");
      clearTimeout(timer);
      timer = setTimeout(send, Math.max(0, Math.min(PAUSE_MS, since + LONGEST_PAUSE_MS - Date.now())));
    },

    // The answer was sent, or the item is gone: nothing of it is a draft any more.
    over(key) {
      Rate.kept.drop(name(key));
      if (open?.key !== key) return;
      open = null;
      rest();
      Rate.sign("draft", "");
    },

    // What was begun of this item: the newer of what this browser and what the server hold.
    of(item) {
      const here = Rate.kept.get(name(item.key));
      const there = item.answer ?? item.draft;
      if (!here) return there;
      if (item.answer) return here.values;
      const newer = !here.acked && !(item.draft && Date.parse(item.draft.saved) > here.at);
      if (newer) Rate.draft.touched(item.key, here.values);
      return newer || !there ? here.values : there;
    },

    // At once, before the page goes.
    now() { if (open) send(); },
  };

  function rest() {
    clearTimeout(timer);
    since = timer = 0;
    again.stop();
  }

  async function send() {
    clearTimeout(timer);
    if (running || !open) return;
    running = true;
    since = 0;
    const sent = open;
    Rate.sign("draft", "saving");
    const answer = await Rate.ask(Rate.at("draft", sent.key), sent.values);
    running = false;
    Rate.trouble(answer.status);
    if (answer.status === 200) saved(sent, answer);
    else if (answer.status === 409 || answer.status === 400) refused(sent, answer);
    else if (open) { Rate.sign("draft", "unsaved"); again.later(); }
  }

  function saved(sent, answer) {
    again.stop();
    if (open === sent) {
      open = null;
      Rate.kept.put(name(sent.key), { at: Date.parse(answer.saved), values: sent.values, acked: true });
    }
    Rate.saved("draft", answer.saved);
    if (open) { Rate.sign("draft", "saving"); timer = setTimeout(send, PAUSE_MS); }
  }

  function refused(sent, answer) {
    again.stop();
    if (open !== sent) return;
    open = null;
    Rate.sign("draft", "kept");
    document.dispatchEvent(new CustomEvent("rate:lost", { detail: { key: sent.key, words: answer.error } }));
  }

  addEventListener("pagehide", () => Rate.draft.now());
  for (const [kept, { at }] of Rate.kept.all("draft:")) if (Date.now() - at > KEPT_MS) Rate.kept.drop(kept);
}
