"use strict";
// What the menu of a chart gives: its table as CSV, and all of it as a picture, drawn from what stands on the page.

(() => {
  const NS = "http://www.w3.org/2000/svg";
  const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "paint-order", "font-size", "font-family", "font-weight"];
  const SIDES = ["Top", "Right", "Bottom", "Left"];
  const ROOM = 16, MOST_PIXELS = 16_000;

  function save(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // The table

  function quoted(given) {
    const text = given.trim().replace(/\s+/g, " ");
    // A spreadsheet would run a text that begins like a formula; a leading apostrophe keeps it text.
    const safe = /^[=+@\t]|^-(?!\d*\.?\d+(e[+-]?\d+)?$)/.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  }

  const values = ({ dataset, innerText }) => dataset.values?.split("|") ?? [dataset.value ?? innerText];

  function saveTable(id) {
    const rows = [...document.getElementById(id).querySelectorAll("thead tr, tbody tr")];
    const lines = rows.map((row) => [...row.cells].filter((item) => !item.matches(".drawn")).flatMap(values).map(quoted).join(","));
    save(`${id}.csv`, new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
  }

  // The picture

  function make(name, given, ...inside) {
    const node = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(given)) node.setAttribute(key, value);
    node.append(...inside);
    return node;
  }

  // Mixed colours are computed as color(srgb 0.5 …), which few programs read.
  function plain(colour) {
    const mixed = colour.match(/^color\(srgb ([^)]+)\)/);
    return mixed ? `rgb(${mixed[1].split(/[\s/]+/).slice(0, 3).map((part) => Math.round(part * 255)).join(", ")})` : colour;
  }

  const clear = (colour) => /^(transparent|rgba\(.*, 0\))$/.test(colour);

  function kept(node, look) {
    return node.checkVisibility({ visibilityProperty: true }) && look.clipPath === "none" && !node.matches(".menu, button, summary, .icon, canvas[hidden]");
  }

  // The lines into which the page broke a text: where each stands, and what is in it.
  function lines(node) {
    const range = document.createRange(), found = [];
    const take = (from, to) => {
      range.setStart(node, from); range.setEnd(node, to);
      const boxes = [...range.getClientRects()].filter((box) => box.width);
      if (!boxes.length) { if (found.length) found.at(-1).text += node.data.slice(from, to); return; }
      if (to - from > 1 && boxes.some((box) => Math.abs(box.top - boxes[0].top) > 2)) {
        const middle = (from + to) >> 1;
        take(from, middle); take(middle, to);
        return;
      }
      const left = Math.min(...boxes.map((box) => box.left)), right = Math.max(...boxes.map((box) => box.right));
      const { top, bottom } = boxes[0], text = node.data.slice(from, to), last = found.at(-1);
      if (last && Math.abs(last.top - top) <= 2) Object.assign(last, { left: Math.min(last.left, left), right: Math.max(last.right, right), text: last.text + text });
      else found.push({ left, right, top, bottom, text });
    };
    if (node.data.trim()) take(0, node.data.length);
    return found.map((line) => ({ ...line, text: line.text.replace(/[ \t\r\n]+/g, " ").trim() })).filter((line) => line.text);
  }

  function word({ left, right, top, bottom, text }, look) {
    const back = look.direction === "rtl";
    return make("text", {
      x: back ? right : left, y: bottom - 0.22 * (bottom - top), direction: look.direction, fill: plain(look.color),
      "font-size": look.fontSize, "font-family": look.fontFamily, "font-weight": look.fontWeight,
    }, text);
  }

  // A drawing of the page with its colours written into it.
  function drawn(drawing, box) {
    const clone = drawing.cloneNode(true), copies = clone.querySelectorAll("*");
    drawing.querySelectorAll("*").forEach((node, index) => {
      const look = getComputedStyle(node), copy = copies[index];
      for (const name of LOOKS) copy.setAttribute(name, plain(look.getPropertyValue(name)));
      for (const name of ["class", "href", "target"]) copy.removeAttribute(name);
    });
    const place = { x: box.left, y: box.top, width: box.width, height: box.height, overflow: "visible" };
    const own = ["viewBox", "preserveAspectRatio"].filter((name) => drawing.hasAttribute(name)).map((name) => [name, drawing.getAttribute(name)]);
    return make("svg", { ...place, ...Object.fromEntries(own) }, ...clone.childNodes);
  }

  function around(boxes) {
    return {
      left: Math.min(...boxes.map((box) => box.left)), top: Math.min(...boxes.map((box) => box.top)),
      right: Math.max(...boxes.map((box) => box.right)), bottom: Math.max(...boxes.map((box) => box.bottom)),
    };
  }

  function* edges(box, look) {
    for (const side of SIDES) {
      const width = parseFloat(look[`border${side}Width`]), kind = look[`border${side}Style`], stroke = look[`border${side}Color`];
      if (!width || kind === "none" || clear(stroke)) continue;
      const flat = side === "Top" || side === "Bottom", at = box[side.toLowerCase()];
      const ends = flat ? { x1: box.left, x2: box.right, y1: at, y2: at } : { x1: at, x2: at, y1: box.top, y2: box.bottom };
      yield make("line", { ...ends, stroke: plain(stroke), "stroke-width": width, "stroke-dasharray": kind === "dashed" ? "4 3" : "none" });
    }
  }

  function* marks(node, lowest = Infinity) {
    if (node.nodeType === Node.TEXT_NODE) {
      const look = getComputedStyle(node.parentElement);
      const every = lines(node), whole = every.filter((line) => line.bottom <= lowest + 2);
      if (whole.length && whole.length < every.length) whole.at(-1).text += "…";
      for (const line of whole) yield [word(line, look), line];
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const look = getComputedStyle(node), box = node.getBoundingClientRect();
    if (!kept(node, look)) return;
    if (node.localName === "svg") { yield [drawn(node, box), around([node, ...node.querySelectorAll("text")].map((part) => part.getBoundingClientRect()))]; return; }
    if (node.localName === "canvas") { yield [make("image", { x: box.left, y: box.top, width: box.width, height: box.height, href: node.toDataURL() }), box]; return; }
    if (!clear(look.backgroundColor)) yield [make("rect", { x: box.left, y: box.top, width: box.width, height: box.height, fill: plain(look.backgroundColor) }), box];
    for (const edge of edges(box, look)) yield [edge, box];
    const said = node.dataset.label && !["none", "normal"].includes(getComputedStyle(node, "::before").content);
    if (said) yield [word({ left: box.left + parseFloat(look.paddingLeft), right: box.right, top: box.top, bottom: box.bottom, text: node.dataset.label }, look), box];
    const clips = look.overflowY === "hidden" ? Math.min(lowest, box.bottom) : lowest;
    for (const child of node.childNodes) yield* marks(child, clips);
  }

  function ground(node) {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!clear(colour)) return plain(colour);
    }
    return "white";
  }

  // Hatches and the like that lie elsewhere on the page than in the drawing that uses them.
  function patterns(parts) {
    const used = parts.map((part) => new XMLSerializer().serializeToString(part)).join("");
    const names = new Set([...used.matchAll(/url\((?:&quot;|["'])?#([\w-]+)/g)].map((match) => match[1]));
    return [...names].filter((name) => !used.includes(` id="${name}"`)).map((name) => {
      const pattern = document.getElementById(name), holder = drawn(pattern.parentElement, pattern.getBoundingClientRect());
      return holder.querySelector(`[id="${name}"]`);
    });
  }

  // The whole chart as a drawing that stands alone: title, legend and words too, and at its foot whose figures they are.
  function standAlone(chart) {
    const found = [...marks(chart)], parts = found.map(([part]) => part), look = getComputedStyle(chart);
    const { left, top, right, bottom } = around(found.map(([, box]) => box));
    const width = Math.ceil(right - left) + 2 * ROOM, height = Math.ceil(bottom - top) + 2 * ROOM + 40;
    const foot = `${document.title} · ${new Date().toISOString().slice(0, 10)}`;
    const sheet = make("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" },
      make("title", {}, chart.querySelector(".chart-title")?.textContent ?? document.title),
      make("defs", {}, ...patterns(parts)),
      make("rect", { width: "100%", height: "100%", fill: ground(chart) }),
      make("g", { transform: `translate(${ROOM - left} ${ROOM - top})` }, ...parts),
      make("text", { x: ROOM, y: height - ROOM, fill: plain(look.color), "font-size": "11px", "font-family": look.fontFamily }, foot));
    return { width, height, text: new XMLSerializer().serializeToString(sheet) };
  }

  function savePicture(name, { width, height, text }) {
    const picture = new Image(), scale = Math.min(2, MOST_PIXELS / width, MOST_PIXELS / height);
    picture.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = width * scale; canvas.height = height * scale;
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(`${name}.png`, blob), "image/png");
    };
    picture.onerror = () => toast(gettext("The browser could not draw the picture; take the SVG."), "error");
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-csv], [data-svg], [data-png]");
    if (!button) return;
    const { csv, svg, png } = button.dataset;
    if (csv) { saveTable(csv); return; }
    const picture = standAlone(button.closest(".chart-head").parentElement);
    if (svg) save(`${svg}.svg`, new Blob([picture.text], { type: "image/svg+xml" }));
    else savePicture(png, picture);
  });
})();
