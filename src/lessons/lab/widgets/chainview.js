// The chain view: source, stages, run()'s loop and sink, drawn from one small message.
// It knows nothing about pipelines: what it shows, and every number in it, comes from Python.

const SVG = "http://www.w3.org/2000/svg", HTML = "http://www.w3.org/1999/xhtml";
const GLYPH = {
  fresh: "○", ready: "○", plain: "≡", suspended: "❚❚", waiting: "…", running: "▶", ended: "■", closed: "■", failed: "⚡",
};
// Room for the longest words a card will show, so that the rows do not change in the middle of a run.
const RESERVE = ["❚❚ suspended", "■ ended by error"];
const BOLT = "M13 2 L4 14 H11 L9 22 L20 9 H12.5 Z";
const FRAME_MS = 400;

const rulers = new Map();

// An element as a plain object. A whole drawing of them costs less than the few elements that a pull changes.
function make(tag, attributes = {}, ...children) {
  return { space: SVG, tag, attributes, children };
}

function html(tag, attributes = {}, ...children) {
  return { space: HTML, tag, attributes, children };
}

function build(node) {
  if (typeof node === "string") return document.createTextNode(node);
  const element = document.createElementNS(node.space, node.tag);
  amend(element, { attributes: {}, children: [] }, node);
  return element;
}

// Bring an element from one description to the next, and touch only what differs: the rest of the page is not
// laid out again, and what has the focus keeps it.
function amend(element, was, now) {
  for (const [name, value] of Object.entries(now.attributes)) if (was.attributes[name] !== value) element.setAttribute(name, value);
  for (const name of Object.keys(was.attributes)) if (!(name in now.attributes)) element.removeAttribute(name);
  now.children.forEach((child, i) => {
    const before = was.children[i], node = element.childNodes[i];
    if (before === undefined) element.append(build(child));
    else if (typeof child === "string" && typeof before === "string") {
      if (child !== before) node.data = child;
    } else if (child.tag === before.tag) amend(node, before, child);
    else node.replaceWith(build(child));
  });
  while (element.childNodes.length > now.children.length) element.lastChild.remove();
}

// Widths are measured, never guessed: fonts differ between machines, and a label must not touch its border.
function ruler(unit, { mono, sans, least }) {
  const key = `${unit} ${mono} ${sans} ${least}`;
  if (!rulers.has(key)) rulers.set(key, ruled(unit, mono, sans, least));
  return rulers.get(key);
}

function ruled(unit, mono, sans, least) {
  const fonts = {
    name: [600, 15, sans], call: [400, 11.2, mono], status: [600, 12.5, sans], small: [400, 11.2, mono], token: [600, 12, mono],
  };
  const context = document.createElement("canvas").getContext("2d");
  const css = (kind) => `${fonts[kind][0]} ${Math.max(fonts[kind][1] * unit, least)}px ${fonts[kind][2]}`;
  const known = new Map();
  const width = (kind, text) => {
    const key = kind + text;
    if (!known.has(key)) {
      if (known.size > 2000) known.clear();
      context.font = css(kind);
      known.set(key, context.measureText(text).width);
    }
    return known.get(key);
  };
  const fit = (kind, text, room) => {
    if (width(kind, text) <= room + 0.5) return text;
    const letters = [...text];
    while (letters.length > 1 && width(kind, letters.join("").trimEnd() + "…") > room) letters.pop();
    return letters.join("").trimEnd() + "…";
  };
  const wrap = (kind, text, room) => {
    const lines = [""];
    for (const word of text.split(" ")) {
      const longer = (lines.at(-1) + " " + word).trim();
      if (lines.at(-1) === "" || width(kind, longer) <= room) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines.map((line) => fit(kind, line, room));
  };
  return { css, width, fit, wrap };
}

function statusOf(part) {
  return `${GLYPH[part.status] ?? "○"} ${part.word}`;
}

function codeOf(part) {
  return part.line ? `line ${part.line}${part.code ? ": " + part.code : ""}` : part.note ?? "";
}

function spoken(part) {
  const place = part.line ? ` at line ${part.line}${part.where ? " of " + part.where : ""}` : part.note ? `, ${part.note}` : "";
  const held = part.resources.map((resource) => `, ${resource.name} ${resource.state}`).join("");
  const told = [part.measured, part.armed].filter(Boolean).map((words) => ", " + words).join("");
  return `${part.name}: ${part.word}${place}${held}${told}`;
}

// The layout: one row if it fits, perhaps a little smaller, else columns on as many rows as needed.
function layout(state, { room, base, fonts }, widest) {
  for (let rows = 1; ; rows++) {
    for (const shrink of [1, 0.94, 0.88]) {
      const rule = ruler(base * shrink, fonts);
      const plan = arrange(state, base * shrink, rule, (widest[shrink] ??= {}));
      const each = Math.ceil(plan.cards.length / rows), lines = [];
      for (let i = 0; i < plan.cards.length; i += each) lines.push(plan.cards.slice(i, i + each));
      const inset = (rows > 1 ? 24 : 4) * plan.unit;
      const columns = lines[0].map((_, c) => Math.max(...lines.map((line) => line[c]?.width ?? 0)));
      const spare = room - 2 * inset - (each - 1) * plan.gap - columns.reduce((sum, width) => sum + width, 0);
      if (spare < 0 && each > 1) continue;
      // The remaining room goes to the cards, which then show more of the students' own lines.
      for (const line of lines)
        line.forEach((card, c) => (card.width = Math.min(columns[c] + Math.max(spare, 0) / each, Math.max(columns[c], 290 * plan.unit))));
      return place(plan, lines, room, inset);
    }
  }
}

function arrange(state, unit, rule, widest) {
  const pad = 12 * unit, bolt = Math.max(26 * unit, 24);
  const cards = state.parts.map((part) => {
    const want = Math.max(
      rule.width("name", part.name) + (part.bolt ? bolt + 2 * unit : 0),
      rule.width("call", part.call),
      ...RESERVE.map((status) => rule.width("status", status)),
      rule.width("status", statusOf(part)),
      Math.min(rule.width("small", codeOf(part)), 104 * unit),
      ...part.resources.map((resource) => 19 * unit + rule.width("small", `${resource.name} left open`)),
    );
    // A card never shrinks: the chain would jump about while somebody reads it.
    const width = Math.min(Math.max(want + 2 * pad, widest[part.key] ?? 0, 84 * unit), 200 * unit);
    widest[part.key] = width;
    return { part, width };
  });
  for (const card of cards)
    for (const kind of ["measured", "armed"]) card[kind] = card.part[kind] ? rule.wrap("small", card.part[kind], card.width - 2 * pad) : [];
  const lines = Math.max(...cards.map((card) => card.part.resources.length + card.measured.length + card.armed.length), 1);
  const gap = Math.max(rule.width("small", "next()") + 9 * unit, 46 * unit);
  return { cards, unit, rule, pad, bolt, gap, height: (96 + 18 * lines) * unit };
}

function place(plan, rows, room, inset) {
  const { unit, height, gap } = plan, between = 44 * unit;
  rows.forEach((row, r) => {
    let x = inset;
    for (const card of row) {
      card.x = x;
      card.y = 4 * unit + r * (height + between);
      card.row = r;
      x += card.width + gap;
    }
  });
  const bottom = 4 * unit + rows.length * height + (rows.length - 1) * between;
  return { ...plan, rows, room, inset, bottom, between };
}

function drawCard(plan, card) {
  const { unit: u, rule, pad, height, bolt } = plan, { part, x, y, width } = card, room = width - 2 * pad;
  const group = make("g", { class: part.status, role: "img", "data-part": part.key });
  // It is the name, too: a second name in `aria-label` would make a screen reader say the same twice.
  group.children.push(make("title", {}, spoken(part)));
  group.children.push(make("rect", { class: "cv-card", x, y, width, height, rx: 9 * u }));
  const line = (kind, text, dy, cls = "", limit = room, dx = 0) => {
    if (!text) return;
    const shown = rule.fit(kind, text, limit);
    const label = make("text", { x: x + pad + dx, y: y + dy * u, class: cls, style: `font: ${rule.css(kind)}` }, shown);
    if (shown !== text) label.children.push(make("title", {}, text));
    group.children.push(label);
  };
  line("name", part.name, 26, "", part.bolt ? room - bolt - 2 * u : room);
  line("call", part.call, 44, "soft");
  line("status", statusOf(part), 67, "cv-status");
  line("small", codeOf(part), 84, "soft");
  part.resources.forEach((resource, i) => {
    const top = 95 + 18 * i;
    group.children.push(slot(x + pad, y + top * u, 12 * u, resource.mark));
    line("small", `${resource.name} ${resource.state}`, top + 10, "soft", room - 19 * u, 19 * u);
  });
  const below = 105 + 18 * part.resources.length;
  const notes = [...card.measured.map((text) => [text, "soft"]), ...card.armed.map((text) => [text, "cv-armed"])];
  notes.forEach(([text, cls], i) => line("small", text, below + 16 * i, cls));
  return group;
}

// One square for one resource: outlined and dotted while open, crossed out when left open, pale when closed.
function slot(x, y, size, mark) {
  const group = make("g", { class: "cv-slot", "data-mark": mark });
  group.children.push(make("rect", { class: "cv-" + mark, x, y, width: size, height: size, rx: size / 4 }));
  const q = size / 3.4;
  if (mark === "open") group.children.push(make("circle", { class: "cv-dot", cx: x + size / 2, cy: y + size / 2, r: size / 5 }));
  if (mark === "left")
    group.children.push(make("path", { class: "cv-cross", d: `M${x + q},${y + q} L${x + size - q},${y + size - q} M${x + size - q},${y + q} L${x + q},${y + size - q}` }));
  return group;
}

function tip(x, y, u) {
  return make("path", { class: "cv-tip", d: `M${x},${y} l${-9 * u},${-5 * u} v${10 * u} z` });
}

function hook(x, y, u) {
  return make("path", { class: "cv-hook", d: `M${x + 7 * u},${y - 5 * u} L${x},${y} L${x + 7 * u},${y + 5 * u}` });
}

function drawLink(plan, link, from, to) {
  const { unit: u, rule, between, height } = plan;
  // Read aloud, five times "next()" says less than what each part is named.
  const group = make("g", { class: link.now ? "cv-now" : "", "aria-hidden": "true" });
  const label = (text, x, y) =>
    make("text", { x, y, class: "soft", "text-anchor": "middle", style: `font: ${rule.css("small")}` }, text);
  const a = from.x + from.width, b = to.x, high = from.y + 39 * u, low = from.y + 84 * u;
  let token;
  if (from.row === to.row) {
    const middle = (a + b) / 2;
    group.children.push(make("path", { class: "cv-rec", d: `M${a + 4 * u},${high} H${b - 9 * u}` }), tip(b - 5 * u, high, u));
    if (link.call === "write") group.children.push(label("write", middle, high - 16 * u));
    else if (link.pull)
      group.children.push(
        make("path", { class: "cv-pull", d: `M${b - 4 * u},${low} H${a + 6 * u}` }), hook(a + 5 * u, low, u), label("next()", middle, low + 16 * u));
    token = [middle - 2 * u, high];
  } else {
    const high2 = to.y + 39 * u, low2 = to.y + 84 * u, mid = from.y + height + between / 2;
    group.children.push(
      make("path", { class: "cv-rec", d: `M${a + 4 * u},${high} H${a + 17 * u} V${mid + 5 * u} H${b - 14 * u} V${high2} H${b - 9 * u}` }),
      tip(b - 3 * u, high2, u));
    if (link.call === "write") group.children.push(label("write", a - 40 * u, mid - 2 * u));
    else if (link.pull)
      group.children.push(
        make("path", { class: "cv-pull", d: `M${b - 4 * u},${low2} H${b - 21 * u} V${mid - 5 * u} H${a + 9 * u} V${low} H${a + 6 * u}` }),
        hook(a + 4 * u, low, u), label("next()", a - 40 * u, mid - 9 * u));
    token = [(a + b) / 2, mid + 5 * u];
  }
  return { group, token };
}

function drawToken(plan, whole, [x, y]) {
  const { unit: u, rule, gap } = plan, text = rule.fit("token", whole, gap + 5 * u), width = Math.max(rule.width("token", text) + 15 * u, 30 * u);
  return make("g", { class: "cv-token-group" },
    make("rect", { class: "cv-token", x: x - width / 2, y: y - 12 * u, width, height: 24 * u, rx: 12 * u }),
    make("text", { class: "cv-number", x, y: y + 4.3 * u, "text-anchor": "middle", style: `font: ${rule.css("token")}` }, text));
}

function drawFoot(plan, state) {
  const { unit: u, rule, bottom, room } = plan, group = make("g"), font = `font: ${rule.css("small")}`;
  let y = bottom + 22 * u, x = plan.rows.length > 1 ? plan.inset : 4 * u;
  const write = (text, at, top) => group.children.push(make("text", { x: at, y: top, class: "soft", style: font }, text));
  if (!state.pool) {
    write(state.counts, x, y + 11 * u);
    return { group, bottom: y + 18 * u };
  }
  const { slots, used, left } = state.pool, title = `pool, ${slots} slots`, step = 19 * u;
  const rest = `${used} in use, ${left} leaked · ${state.counts}`;
  group.children.push(make("title", {}, `${title}: ${used} in use, ${left} leaked`));
  write(title, x, y + 11 * u);
  let at = x + rule.width("small", title) + 14 * u;
  if (at + slots * step > room) [at, y] = [x, y + 20 * u];
  for (let k = 0; k < slots; k++, at += step) {
    if (at + 14 * u > room) [at, y] = [x, y + step];
    group.children.push(slot(at, y, 14 * u, k < left ? "left" : k < left + used ? "open" : "shut"));
  }
  at += 8 * u;
  if (at + rule.width("small", rest) > room) [at, y] = [x, y + 22 * u];
  rule.wrap("small", rest, room - at).forEach((line, i) => {
    if (i) y += 16 * u;
    write(line, at, y + 11 * u);
  });
  return { group, bottom: y + 18 * u };
}

function drawBolt(plan, { part, x, y, width }) {
  const { unit: u, bolt: edge } = plan;
  return html("button", {
    class: part.struck ? "cv-bolt cv-struck" : "cv-bolt",
    type: "button",
    "data-strike": part.key,
    style: `left: ${x + width - edge - 6 * u}px; top: ${y + 7 * u}px; width: ${edge}px; height: ${edge}px`,
    "aria-label": `Strike ${part.name}`,
    "aria-pressed": String(Boolean(part.armed)),
    title: part.armed || part.hint,
    ...(part.bolt === "off" ? { disabled: "" } : {}),
  }, make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d: BOLT, fill: "currentColor" })));
}

function drawHead(state) {
  return html("div", { class: "cv-head" },
    html("span", {}, "accepted by the sink ", html("b", {}, String(state.accepted))),
    html("span", state.wrong ? { class: "cv-wrong" } : {}, "_recordCount ", html("b", {}, state.counted)),
    html("span", {}, "kept ", html("b", {}, state.kept)),
    html("span", { class: "cv-why" }, state.why),
    html("span", {}, state.mode),
    html("code", { class: "cv-moving" }, state.moving));
}

function drawStage(state, page, widest) {
  const plan = layout(state, page, widest), order = plan.rows.flat(), foot = drawFoot(plan, state);
  const links = state.links.map((link, i) => drawLink(plan, link, order[i], order[i + 1]));
  const moving = state.links.findIndex((link) => link.record);
  const token = moving < 0 ? [] : [drawToken(plan, state.links[moving].record, links[moving].token)];
  const height = Math.ceil(foot.bottom), width = page.room;
  return html("div", { class: "cv-stage", style: `height: ${height}px` },
    make("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": state.title },
      ...links.map((link) => link.group), ...order.map((card) => drawCard(plan, card)), foot.group, ...token),
    ...order.filter((card) => card.part.bolt).map((card) => drawBolt(plan, card)));
}

function render({ model, el }) {
  const frame = html("div", { class: "cv-chain" },
    html("span", { class: "cv-probe cv-em", "aria-hidden": "true" }),
    html("span", { class: "cv-probe cv-mono", "aria-hidden": "true" }, "mix"),
    html("span", { class: "cv-probe cv-sans", "aria-hidden": "true" }, "mix"),
    html("span", { class: "cv-probe cv-least", "aria-hidden": "true" }),
    html("div", { class: "cv-head" }),
    html("div", { class: "cv-stage" }));
  const root = build(frame);
  const [em, mono, sans, smallest, head, stage] = root.childNodes;
  let drawn = frame.children.slice(4);
  el.append(root);

  let page, widest = {}, size = "", timer;

  function draw(state) {
    // Outside the page nothing has a width or a font; the observer calls again when it is inside.
    if (!page) return;
    const keys = `${page.base} ${state.parts.map((part) => part.key + part.name).join()}`;
    if (size !== keys) [size, widest] = [keys, {}];
    const next = [drawHead(state), drawStage(state, page, widest)];
    amend(head, drawn[0], next[0]);
    amend(stage, drawn[1], next[1]);
    drawn = next;
  }

  stage.addEventListener("click", (event) => {
    const bolt = event.target.closest(".cv-bolt");
    if (bolt) model.send({ strike: bolt.dataset.strike });
  });
  // JupyterLab has shortcuts of its own on these keys; here they press the button.
  stage.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && event.stopPropagation());

  // Motion only when it was asked for, and never against the reader's own setting.
  function show() {
    clearTimeout(timer);
    const state = model.get("state"), still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!state.parts) return;
    const frames = model.get("motion") && !still ? [...(state.frames ?? [])] : [];
    const next = () => {
      const frame = frames.shift();
      timer = frame && setTimeout(next, FRAME_MS);
      draw(frame ? { ...state, ...frame } : state);
    };
    next();
  }

  // The page is measured when its layout is known anyway. Asking in the middle of a change would force a layout
  // of the whole notebook before the drawing. Drawing changes the height; only a new width or font is a reason to draw again.
  function measure() {
    const room = stage.clientWidth, base = em.getBoundingClientRect().width / 14;
    if (!room || !base) return false;
    const family = (probe) => getComputedStyle(probe).fontFamily;
    const least = smallest.getBoundingClientRect().width;
    const now = { room, base, fonts: { mono: family(mono), sans: family(sans), least } };
    const same = JSON.stringify(now) === JSON.stringify(page);
    page = now;
    return !same;
  }
  const watcher = new ResizeObserver(() => measure() && !timer && model.get("state").parts && draw(model.get("state")));
  model.on("change:state", show);
  show();
  for (const one of [root, em, mono, sans, smallest]) watcher.observe(one);
  return () => {
    clearTimeout(timer);
    watcher.disconnect();
    model.off("change:state", show);
  };
}

export default { render };
