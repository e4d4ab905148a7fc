"use strict";
// The plane of a map: where points lie on the canvas, how they and their clusters are drawn, which one is under a place.

const SHAPES = 3;
const KEPT_SHARE = 0.9; // of a cluster's points, the nearest to its middle, stand inside its outline
const MOST_ZOOM = 80;
const REACH = 10;
const CELLS = 64;

class Board {
  constructor(canvas, data) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.data = data;
    this.count = data.x.length;
    this.picked = null;
    this.marked = -1;
    this.groups = this.#groups();
    this.#buckets();
    this.fit();
  }

  // Clusters, the largest first, each with its points, its middle and its outline.

  #groups() {
    const members = new Map();
    this.data.c.forEach((number, place) => {
      if (!members.has(number)) members.set(number, []);
      members.get(number).push(place);
    });
    this.noise = members.get(-1) ?? [];
    return this.data.clusters.filter(([number]) => members.has(number)).map(([number, name, state, size]) => {
      const points = members.get(number);
      const middle = this.#middle(points);
      const turn = number - 1;
      const colour = state === "rejected" ? null : this.data.colours[turn % this.data.colours.length];
      const shape = Math.floor(turn / this.data.colours.length) % SHAPES;
      return { number, name, state, size, points, middle, colour, shape, outline: this.#outline(points, middle) };
    });
  }

  #middle(points) {
    const half = (side) => points.map((place) => side[place]).sort((one, other) => one - other)[points.length >> 1];
    return { x: half(this.data.x), y: half(this.data.y) };
  }

  #outline(points, middle) {
    const { x, y } = this.data;
    const far = (place) => (x[place] - middle.x) ** 2 + (y[place] - middle.y) ** 2;
    const near = [...points].sort((one, other) => far(one) - far(other)).slice(0, Math.ceil(points.length * KEPT_SHARE));
    near.sort((one, other) => x[one] - x[other] || y[one] - y[other]);
    const half = (places) => {
      const edge = [];
      for (const place of places) {
        while (edge.length > 1 && this.#turns(edge.at(-2), edge.at(-1), place) <= 0) edge.pop();
        edge.push(place);
      }
      return edge.slice(0, -1);
    };
    return [...half(near), ...half(near.reverse())];
  }

  #turns(from, by, to) {
    const { x, y } = this.data;
    return (x[by] - x[from]) * (y[to] - y[from]) - (y[by] - y[from]) * (x[to] - x[from]);
  }

  // Where things are

  #buckets() {
    this.cells = new Map();
    for (let place = 0; place < this.count; place += 1) {
      const cell = this.#cell(this.data.x[place], this.data.y[place]);
      if (!this.cells.has(cell)) this.cells.set(cell, []);
      this.cells.get(cell).push(place);
    }
  }

  #cell(x, y) {
    const at = (value) => Math.floor((value / this.data.side) * CELLS);
    return at(y) * (CELLS + 2) + at(x);
  }

  measure() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const dots = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * dots);
    this.canvas.height = Math.round(height * dots);
    this.pen.setTransform(dots, 0, 0, dots, 0, 0);
    this.least = (Math.min(width, height) - 24) / this.data.side;
  }

  fit() {
    this.measure();
    this.scale = this.least;
    this.#centre(this.data.side / 2, this.data.side / 2);
  }

  resize() {
    const middle = this.at(this.width / 2, this.height / 2);
    const nearer = this.scale / this.least;
    this.measure();
    this.scale = this.least * nearer;
    this.#centre(middle.x, middle.y);
  }

  #centre(x, y) {
    this.left = x - this.width / 2 / this.scale;
    this.top = y - this.height / 2 / this.scale;
  }

  get zoomed() { return this.scale > this.least * 1.001; }

  at(x, y) { return { x: this.left + x / this.scale, y: this.top + y / this.scale }; }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const held = this.at(x, y);
    this.scale = Math.min(Math.max(this.scale * factor, this.least), this.least * MOST_ZOOM);
    this.left = held.x - x / this.scale;
    this.top = held.y - y / this.scale;
    if (!this.zoomed) this.#centre(this.data.side / 2, this.data.side / 2);
  }

  move(x, y) {
    const held = (value) => Math.min(Math.max(value, 0), this.data.side);
    const middle = this.at(this.width / 2 - x, this.height / 2 - y);
    this.#centre(held(middle.x), held(middle.y));
  }

  show(group) {
    const xs = group.outline.map((place) => this.data.x[place]);
    const ys = group.outline.map((place) => this.data.y[place]);
    const span = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), this.data.side / 40);
    this.scale = Math.min(Math.max((Math.min(this.width, this.height) * 0.6) / span, this.least), this.least * MOST_ZOOM);
    this.#centre((Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2);
  }

  /** The place of the point nearest to a spot on the canvas, -1 when none is within reach. */
  under(x, y) {
    const spot = this.at(x, y);
    const reach = REACH / this.scale;
    const step = this.data.side / CELLS;
    let [best, nearest] = [-1, reach ** 2];
    for (let row = spot.y - reach; row < spot.y + reach + step; row += step) {
      for (let column = spot.x - reach; column < spot.x + reach + step; column += step) {
        for (const place of this.cells.get(this.#cell(column, row)) ?? []) {
          const far = (this.data.x[place] - spot.x) ** 2 + (this.data.y[place] - spot.y) ** 2;
          if (far <= nearest) [best, nearest] = [place, far];
        }
      }
    }
    return best;
  }

  group(number) { return this.groups.find((one) => one.number === number); }

  // Drawing

  draw() {
    const look = getComputedStyle(this.canvas);
    this.ink = look.color;
    this.paper = look.backgroundColor;
    this.pen.clearRect(0, 0, this.width, this.height);
    const size = Math.min(6, 1.5 * Math.sqrt(this.scale / this.least));
    this.#points(this.noise, this.ink, 0, size * 0.8, this.picked === null ? 0.3 : 0.12);
    for (const group of this.groups) this.#group(group, size);
    const chosen = this.group(this.picked);
    if (chosen) this.#edge(chosen, 2);
    this.#numbers();
    if (this.marked >= 0) this.#mark(this.marked, size);
  }

  #group(group, size) {
    const faint = this.picked !== null && this.picked !== group.number;
    if (!faint && this.groups.length <= 60) this.#edge(group, 1);
    this.#points(group.points, group.colour ?? this.ink, group.shape, size, faint ? 0.15 : group.colour ? 0.85 : 0.4);
  }

  #points(places, colour, shape, size, strength) {
    const { pen, data, scale, left, top, width, height } = this;
    pen.globalAlpha = strength;
    pen.fillStyle = colour;
    pen.beginPath();
    for (const place of places) {
      const x = (data.x[place] - left) * scale;
      const y = (data.y[place] - top) * scale;
      if (x < -size || y < -size || x > width + size || y > height + size) continue;
      if (size < 2 || shape === 1) pen.rect(x - size, y - size, 2 * size, 2 * size);
      else if (shape === 0) { pen.moveTo(x + size, y); pen.arc(x, y, size, 0, 2 * Math.PI); }
      else { pen.moveTo(x, y - 1.3 * size); pen.lineTo(x + 1.2 * size, y + size); pen.lineTo(x - 1.2 * size, y + size); pen.closePath(); }
    }
    pen.fill();
    pen.globalAlpha = 1;
  }

  #edge(group, width) {
    const { pen } = this;
    if (group.outline.length < 3) return;
    pen.beginPath();
    for (const place of group.outline) pen.lineTo((this.data.x[place] - this.left) * this.scale, (this.data.y[place] - this.top) * this.scale);
    pen.closePath();
    pen.strokeStyle = group.colour ?? this.ink;
    pen.globalAlpha = width > 1 ? 1 : 0.45;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.setLineDash(group.colour ? [] : [4, 4]);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  // Numbers of the largest clusters first; one that would lie on another is left out until one comes nearer.

  #numbers() {
    const { pen } = this;
    const taken = [];
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.strokeStyle = this.paper;
    pen.fillStyle = this.ink;
    const chosen = this.group(this.picked);
    for (const group of chosen ? [chosen, ...this.groups] : this.groups) {
      const x = (group.middle.x - this.left) * this.scale;
      const y = (group.middle.y - this.top) * this.scale;
      if (x < 0 || y < 0 || x > this.width || y > this.height) continue;
      if (taken.some((other) => Math.abs(other.x - x) < 24 && Math.abs(other.y - y) < 15)) continue;
      taken.push({ x, y });
      pen.strokeText(group.number, x, y);
      pen.fillText(group.number, x, y);
    }
  }

  #mark(place, size) {
    const { pen } = this;
    const group = this.group(this.data.c[place]);
    if (group) this.#edge(group, 2);
    pen.beginPath();
    pen.arc((this.data.x[place] - this.left) * this.scale, (this.data.y[place] - this.top) * this.scale, size + 3, 0, 2 * Math.PI);
    pen.strokeStyle = this.ink;
    pen.lineWidth = 2;
    pen.stroke();
  }
}
