"use strict";
// Rating, the ground: which page this is, what this browser keeps of it, and how the server is asked.
// `Rate` is shared by the files rate_*.js. What is kept belongs to one person and one campaign.

const Rate = { page: document.getElementById("rate") };
{
  const { person, campaign, base, now } = Rate.page.dataset;
  const SHELF = `cosa:rate:${person}:${campaign}:`;
  const ANSWER_MS = 20000;

  Rate.kept = {
    // True when the browser really holds it now.
    put(name, value) {
      try { localStorage.setItem(SHELF + name, JSON.stringify(value)); return true; } catch { return false; }
    },
    get(name) {
      try { return JSON.parse(localStorage.getItem(SHELF + name)); } catch { return null; }
    },
    drop(name) {
      try { localStorage.removeItem(SHELF + name); } catch { /* nothing was kept */ }
    },
    // [name, value] of everything whose name begins so.
    all(begin) {
      try {
        const names = Object.keys(localStorage).filter((name) => name.startsWith(SHELF + begin));
        return names.map((name) => [name.slice(SHELF.length), Rate.kept.get(name.slice(SHELF.length))]).filter(([, value]) => value);
      } catch { return []; }
    },
  };

  // The server's clock, as near as the page knows it.
  let ahead = Date.parse(now) - Date.now();
  Rate.now = () => Date.now() + ahead;
  Rate.heard = (iso) => { ahead = Date.parse(iso) - Date.now(); };
  Rate.clock = (iso, seconds) => new Date(iso).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) });

  // crypto.randomUUID is there on safe addresses only; this is the same thing everywhere.
  Rate.uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  Rate.at = (what, key) => (key ? `${base}items/${key}/${what ? `${what}/` : ""}` : `${base}${what}/`);

  const csrf = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]").value;

  // What the server answered, with its status; 0 when it was not reached, 302 when one is logged out.
  Rate.ask = async (url, body = {}) => {
    const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf() };
    const sent = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual", keepalive: true, signal: AbortSignal.timeout(ANSWER_MS) };
    try {
      const response = await fetch(url, sent);
      const json = response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : {};
      return { ...json, status: response.type === "opaqueredirect" ? 302 : response.status };
    } catch {
      return { status: 0 };
    }
  };

  // Trying again: soon at first, then every half minute; at once when the connection or the person comes back.
  const WAITS_S = [1, 2, 5, 10, 20, 30];
  Rate.retry = (again) => {
    let timer = 0, tries = 0;
    const now = () => { if (timer) { clearTimeout(timer); timer = 0; again(); } };
    addEventListener("online", now);
    addEventListener("focus", now);
    return {
      later() { clearTimeout(timer); timer = setTimeout(now, 1000 * WAITS_S[Math.min(tries++, WAITS_S.length - 1)]); },
      stop() { clearTimeout(timer); timer = tries = 0; },
    };
  };
}
