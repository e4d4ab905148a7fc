"use strict";
// A map: zoom by wheel, buttons and keys, pan by dragging, a prompt under the pointer, a click opens its cluster. The
// table beside it says the same; a row that is pointed at picks its cluster out.

(() => {
  const FOLD = "check-prompt"; // prompts that are folded while one labels are folded here too
  const WAIT = 80;
  const MOST_KEPT = 400;
  const STEP = 60;

  class Chart {
    constructor(part, data) {
      this.part = part;
      this.canvas = part.querySelector("canvas");
      this.canvas.hidden = false;
      this.board = new Board(this.canvas, data);
      this.page = data.page;
      this.texts = new Map();
      this.fold = part.querySelector("#map-prompt");
      this.fold.open = store.get(FOLD) !== "closed";
      this.said = part.querySelector("#map-said");
      this.said.querySelector(".no-js")?.remove();
      this.plain = this.said.textContent;
      this.#listen();
      this.#moved();
    }

    draw() {
      if (this.asked) return;
      this.asked = requestAnimationFrame(() => { this.asked = 0; this.board.draw(); });
    }

    #listen() {
      const on = (name, act, options) => this.canvas.addEventListener(name, act.bind(this), options);
      on("wheel", this.wheel, { passive: false });
      on("pointerdown", this.down);
      on("pointermove", this.over);
      on("pointerup", this.up);
      on("pointercancel", () => { this.drag = null; });
      on("pointerleave", () => { if (!this.drag && !this.touched) this.point(-1); });
      on("keydown", this.key);
      this.part.addEventListener("click", (event) => this.press(event.target.closest("[data-map]")?.dataset.map));
      this.fold.addEventListener("toggle", () => store.set(FOLD, this.fold.open ? null : "closed"));
      new ResizeObserver(() => { this.board.resize(); this.#moved(); }).observe(this.canvas);
      const redraw = () => this.draw();
      new MutationObserver(redraw).observe(root, { attributeFilter: ["data-theme"] });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
      const table = document.getElementById("map-clusters");
      table?.addEventListener("mouseover", (event) => this.pick(Number(event.target.closest("[data-number]")?.dataset.number) || null));
      table?.addEventListener("mouseleave", () => this.pick(null));
    }

    // The wheel moves the page again once the whole map is there.
    wheel(event) {
      if (event.deltaY > 0 && !this.board.zoomed) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      this.board.zoom(Math.exp(-event.deltaY * lines * 0.0015), event.offsetX, event.offsetY);
      this.#moved();
    }

    press(name) {
      if (name === "in") this.board.zoom(1.5);
      if (name === "out") this.board.zoom(1 / 1.5);
      if (name === "all") { this.board.fit(); this.pick(null); }
      if (name) this.#moved();
    }

    #moved() {
      this.canvas.style.touchAction = this.board.zoomed ? "none" : "";
      this.part.querySelector("[data-map='out']").setAttribute("aria-disabled", String(!this.board.zoomed));
      this.draw();
    }

    down(event) {
      if (event.button) return;
      this.drag = { x: event.offsetX, y: event.offsetY, far: 0 };
      this.canvas.setPointerCapture(event.pointerId);
    }

    over(event) {
      if (!this.drag) { this.point(this.board.under(event.offsetX, event.offsetY)); return; }
      const [x, y] = [event.offsetX - this.drag.x, event.offsetY - this.drag.y];
      this.drag = { x: event.offsetX, y: event.offsetY, far: this.drag.far + Math.abs(x) + Math.abs(y) };
      if (this.drag.far < 5) return;
      this.board.move(x, y);
      this.draw();
    }

    // A click opens the cluster; a finger first shows the prompt, and opens with the second tap on it.
    up(event) {
      const still = this.drag && this.drag.far < 5;
      this.drag = null;
      if (!still) return;
      const place = this.board.under(event.offsetX, event.offsetY);
      const again = event.pointerType !== "touch" || (place >= 0 && place === this.board.marked);
      this.touched = event.pointerType === "touch";
      this.point(place);
      const number = this.board.data.c[place];
      if (again && number > 0) this.open(number);
    }

    open(number) { location.assign(this.page.replace("/0/", `/${number}/`)); }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
      const acts = {
        "+": () => this.press("in"), "=": () => this.press("in"), "-": () => this.press("out"), 0: () => this.press("all"),
        n: () => this.next(1), p: () => this.next(-1), Enter: () => this.board.picked && this.open(this.board.picked),
        Escape: () => this.pick(null),
      };
      if (moves[event.key]) this.board.move(...moves[event.key]);
      else if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]?.();
      this.#moved();
    }

    next(step) {
      const { groups, picked } = this.board;
      if (!groups.length) return;
      const here = groups.findIndex((group) => group.number === picked);
      const group = groups[here < 0 ? (step > 0 ? 0 : groups.length - 1) : (here + step + groups.length) % groups.length];
      this.board.show(group);
      this.point(-1);
      this.fold.hidden = true;
      this.pick(group.number);
    }

    pick(number) {
      if (this.board.picked === number) return;
      this.board.picked = number;
      const group = this.board.group(number);
      this.said.textContent = group ? this.named(group) : this.plain;
      for (const row of document.querySelectorAll("#map-clusters [data-number]")) row.ariaSelected = Number(row.dataset.number) === number ? "true" : null;
      this.draw();
    }

    named(group) {
      const words = group.name
        ? ngettext("Cluster %(number)s, %(name)s: %(size)s prompt", "Cluster %(number)s, %(name)s: %(size)s prompts", group.size)
        : ngettext("Cluster %(number)s: %(size)s prompt", "Cluster %(number)s: %(size)s prompts", group.size);
      return interpolate(words, group, true);
    }

    point(place) {
      if (place === this.board.marked) return;
      this.board.marked = place;
      this.draw();
      clearTimeout(this.soon);
      if (place >= 0) this.soon = setTimeout(() => this.tell(place), this.texts.has(place) ? 0 : WAIT);
    }

    async tell(place) {
      const prompt = this.texts.get(place) ?? await this.ask(place);
      if (!prompt || place !== this.board.marked) return;
      const group = this.board.group(this.board.data.c[place]);
      this.fold.hidden = false;
      this.fold.querySelector("summary").textContent = group ? this.named(group) : gettext("In no cluster");
      const text = this.fold.querySelector(".prompt");
      text.textContent = prompt.text;
      text.lang = prompt.language;
    }

    async ask(place) {
      try {
        const answer = await fetch(`${this.part.dataset.points}?at=${place}`);
        if (!answer.ok) return null;
        if (this.texts.size >= MOST_KEPT) this.texts.clear();
        const prompt = await answer.json();
        this.texts.set(place, prompt);
        return prompt;
      } catch { return null; }
    }
  }

  async function begin() {
    const part = document.getElementById("map-board");
    if (!part || part.dataset.drawn) return;
    part.dataset.drawn = "yes";
    try {
      const answer = await fetch(part.dataset.points);
      if (!answer.ok) throw new Error(String(answer.status));
      new Chart(part, await answer.json());
    } catch {
      part.querySelector("#map-said").textContent = gettext("The points could not be fetched. Reload the page; the table of clusters is complete.");
    }
  }

  document.addEventListener("htmx:afterSettle", begin);
  begin();
})();
