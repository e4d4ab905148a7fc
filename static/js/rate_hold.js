"use strict";
// Rating, until when the item is held: said in the head, and lengthened while somebody works before the page.
{
  const place = document.getElementById("rate-hold");
  const BEAT_MS = 60000, ACTIVE_MS = 60000, LOOK_MS = 10000;
  let until = 0, active = Date.now(), beaten = Date.now(), running = false;

  Rate.heldUntil = (iso) => {
    until = iso ? Date.parse(iso) : 0;
    tell();
  };

  function tell() {
    if (!until) { place.textContent = ""; return; }
    const time = Rate.clock(until);
    place.textContent = interpolate(until < Rate.now() ? gettext("hold ended %(time)s") : gettext("held until %(time)s"), { time }, true);
  }

  // tell.keys() what is held now; lost(key) is told of each that somebody else may have.
  Rate.beating = ({ keys, held, lost }) => {
    async function beat() {
      const mine = keys();
      if (running || !mine.length) return;
      running = true;
      const answer = await Rate.ask(Rate.at("beat"), { keys: mine });
      running = false;
      if (answer.status !== 200) { if (answer.status) Rate.trouble(answer.status); return; }
      Rate.trouble(200);
      beaten = Date.now();
      for (const key of mine) if (answer.held[key]) held(key, answer.held[key]); else lost(key);
    }

    const due = () => Date.now() - beaten >= BEAT_MS;

    function stir() {
      const was = active;
      active = Date.now();
      if (active - was > ACTIVE_MS && due()) beat();
    }

    for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "touchstart"]) addEventListener(kind, stir, { passive: true, capture: true });
    setInterval(() => {
      tell();
      if (due() && Date.now() - active < ACTIVE_MS) beat();
    }, LOOK_MS);
    return beat;
  };
}
