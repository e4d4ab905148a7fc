"use strict";
// Rating, the way to the server: answers, skips and flags go out one after the other, in the order they were given, and
// stay in this browser until the server has acknowledged them. Each is sent under the same token however often it takes.
{
  const LATE_MS = 5000; // Who waited longer for a connection cannot be timed by the server.
  const ORPHAN_MS = 60000; // Left by a tab that is gone.

  // tell: wantsNext() whether the next item is needed, done(entry, answer), refused(entry, words), settled() when all is out.
  Rate.makeQueue = (tell) => {
    let waiting = [], running = false, last = 0;
    const again = Rate.retry(flush);

    // facts: counts for an answer that adds to the progress, late for one whose time nobody measured.
    function add(kind, key, body, facts = {}) {
      last = Math.max(Date.now(), last + 1);
      const entry = { id: body.token ?? Rate.uuid(), kind, key, body, at: last, late: false, ...facts };
      entry.stored = keep(entry);
      waiting.push(entry);
      Rate.sign("answers", "saving");
      flush();
      return entry;
    }

    const keep = (entry) => Rate.kept.put(`send:${entry.id}`, entry);

    // What an earlier page of this browser could not send any more.
    function adopt(age = 0) {
      const known = new Set(waiting.map((entry) => entry.id));
      const found = Rate.kept.all("send:").map(([, entry]) => entry).filter((entry) => !known.has(entry.id) && Date.now() - entry.at >= age);
      for (const entry of found) Object.assign(entry, { late: true, stored: true, adopted: true });
      waiting = [...waiting, ...found].sort((one, other) => one.at - other.at);
      if (found.length) { Rate.sign("answers", "saving"); flush(); }
      return found;
    }

    async function flush() {
      if (running || !waiting.length) return;
      running = true;
      const entry = waiting[0];
      // Another tab of the same person may have sent it meanwhile.
      if (entry.adopted && !Rate.kept.get(`send:${entry.id}`)) { running = false; return over(entry, () => {}); }
      const answer = await Rate.ask(Rate.at(entry.kind, entry.key), packed(entry));
      running = false;
      Rate.trouble(answer.status);
      if (answer.status === 200) over(entry, () => tell.done(entry, answer));
      else if (answer.status === 400 || answer.status === 409) over(entry, () => refused(entry, answer.error));
      else wait();
    }

    function packed(entry) {
      if (entry.kind !== "submit") return entry.body;
      entry.late ||= Date.now() - entry.at > LATE_MS;
      return { ...entry.body, queued: entry.late, next: tell.wantsNext() };
    }

    function over(entry, told) {
      again.stop();
      waiting = waiting.filter((one) => one !== entry);
      if (!waiting.length) Rate.sign("answers", "saved");
      told();
      Rate.kept.drop(`send:${entry.id}`);
      if (waiting.length) flush(); else tell.settled();
    }

    // The server said no for good. The answer is kept all the same until the person puts it away.
    function refused(entry, words) {
      Rate.kept.put(`refused:${entry.id}`, { ...entry, words });
      tell.refused(entry, words);
    }

    function wait() {
      for (const one of waiting) { one.late = true; one.stored = keep(one); }
      const n = waiting.length;
      const more = ` · ${interpolate(ngettext("%(n)s kept here", "%(n)s kept here", n), { n }, true)}`;
      Rate.sign("answers", "unsaved", n > 1 ? more : "");
      again.later();
    }

    setInterval(() => adopt(ORPHAN_MS), ORPHAN_MS);
    // Without a store in this browser the page alone holds the answers: it must not go unasked.
    addEventListener("beforeunload", (event) => { if (waiting.some((entry) => !entry.stored)) event.preventDefault(); });

    return {
      add,
      adopt,
      get length() { return waiting.length; },
      get counting() { return waiting.filter((entry) => entry.counts).length; },
      holds: (key) => waiting.some((entry) => entry.key === key && entry.kind !== "flag"),
    };
  };
}
