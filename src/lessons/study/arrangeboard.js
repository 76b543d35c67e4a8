// Shuffled lines to be put in order. Each list is one stop of the Tab key; its lines are chosen with the arrow keys.
// Each act is a key and a button, and is said in one sentence. Only Check asks the kernel.

const PATIENCE = 4000; // milliseconds: a kernel that answers has done so by then, unless it runs a cell
const STEP = 3; // the width of one indentation on the page, in ch
const KEYS_HELP =
  "Keys: \u2191 \u2193 choose a line, Enter puts it in or away, U D move it up and down, \u2190 \u2192 indent it.";

function made(name, className, parent, text = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  parent.append(element);
  return element;
}

function copied(program) {
  return program.map((pair) => [...pair]);
}

function often(depth) {
  return ["not indented", "indented once", "indented twice"][depth] ?? `indented ${depth} times`;
}

function render({ model, el }) {
  const { id, task, deepest, lines } = model.get("problem");
  el.classList.add("lc-arrange");
  const box = made("div", "lc-arrange-box", el);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `Lines of ${id}`);
  made("p", "", box).innerHTML = `<strong>Put in order.</strong> ${task}`;
  const lists = {};
  for (const [kind, title] of [["pool", "Lines to use"], ["program", "Your program"]]) {
    const part = made("div", `lc-arrange-part lc-arrange-${kind}`, box);
    made("p", "lc-arrange-title", part, title);
    lists[kind] = made("ol", "", part);
    lists[kind].setAttribute("aria-label", title);
  }
  const keys = made("p", "lc-arrange-keys", box, KEYS_HELP);
  keys.id = `lc-arrange-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  // A screen reader says this text when the Tab key enters the box, because Tab does not stop at the text.
  box.setAttribute("aria-describedby", keys.id);
  const row = made("div", "lc-arrange-row", box);
  const check = made("button", "lc-arrange-button", row, "Check");
  check.type = "button";
  const status = made("div", "lc-arrange-status", box);
  status.setAttribute("role", "status");

  // A restarted kernel has no program, so the browser keeps it. Other lines would be another problem.
  const kept = draft(JSON.stringify([id, lines]));
  let program = copied(model.get("program"));
  let chosen = { pool: 0, program: 0 };
  let waiting = 0;
  const code = (letter) => lines.find((line) => line.letter === letter).code;
  const place = (letter) => program.findIndex(([one]) => one === letter);
  const pool = () => lines.map(({ letter }) => letter).filter((letter) => place(letter) < 0);
  const letters = (kind) => (kind === "pool" ? pool() : program.map(([letter]) => letter));
  const say = (text) => { status.textContent = text; };
  const where = (letter) => {
    const at = place(letter);
    return `${letter} is line ${at + 1}, ${often(program[at][1])}.`;
  };

  const send = () => {
    try {
      model.set("program", copied(program));
      model.save_changes();
    } catch {
      // The kernel of this widget is gone: Check says so.
    }
  };
  const keep = () => {
    clearTimeout(waiting);
    kept.write({ program });
    draw();
    send();
  };
  // The actions on a line of the program, or on a line that is left. Each says what it did.
  const acts = {
    use(letter) {
      const before = program[chosen.program];
      const depth = before ? before[1] + (code(before[0]).endsWith(":") ? 1 : 0) : 0;
      const at = before ? chosen.program + 1 : 0;
      program.splice(at, 0, [letter, Math.min(depth, deepest)]);
      chosen.program = at;
      keep();
      say(where(letter));
    },
    away(letter) {
      const at = place(letter);
      program.splice(at, 1);
      chosen.program = Math.max(0, Math.min(at - 1, program.length - 1));
      keep();
      say(`${letter} is put away.`);
    },
    move(letter, by) {
      const at = place(letter);
      const to = at + by;
      if (to < 0 || to >= program.length) return say(`${letter} is the ${by < 0 ? "first" : "last"} line already.`);
      program.splice(to, 0, ...program.splice(at, 1));
      chosen.program = to;
      keep();
      return say(where(letter));
    },
    indent(letter, by) {
      const at = place(letter);
      const depth = program[at][1] + by;
      if (depth < 0) return say(`${letter} is not indented.`);
      if (depth > deepest) return say(`${letter} cannot be indented more than ${deepest} times.`);
      program[at][1] = depth;
      chosen.program = at;
      keep();
      return say(where(letter));
    },
  };
  const buttons = [
    ["up", "\u2191", "Move up", (letter) => acts.move(letter, -1)],
    ["down", "\u2193", "Move down", (letter) => acts.move(letter, 1)],
    ["out", "\u2190", "Indent less", (letter) => acts.indent(letter, -1)],
    ["in", "\u2192", "Indent more", (letter) => acts.indent(letter, 1)],
    ["away", "\u2715", "Put away", (letter) => acts.away(letter)],
  ];

  function item(kind, letter, at) {
    const li = made("li", "lc-arrange-item", lists[kind]);
    li.dataset.letter = letter;
    const depth = kind === "program" ? program[at][1] : 0;
    if (kind === "program") made("span", "lc-arrange-number", li, `${at + 1}`);
    const line = made("button", "lc-arrange-line", li);
    line.type = "button";
    line.tabIndex = at === chosen[kind] ? 0 : -1;
    const name = kind === "program" ? `${letter}: ${code(letter)}, line ${at + 1}, ${often(depth)}` : `${letter}: ${code(letter)}`;
    line.setAttribute("aria-label", name);
    if (kind === "program" && at === chosen.program) line.setAttribute("aria-current", "true");
    made("strong", "", line, letter);
    const words = made("code", "", line, code(letter));
    words.style.paddingLeft = `${depth * STEP}ch`;
    line.addEventListener("click", () => {
      if (kind === "pool") {
        acts.use(letter);
        focus("pool");
      } else {
        chosen.program = at;
        draw();
        focus("program");
      }
    });
    for (const [act, sign, title, run] of kind === "pool" ? [] : buttons) {
      const button = made("button", `lc-arrange-act lc-arrange-${act}`, li);
      made("span", "", button, sign).setAttribute("aria-hidden", "true");
      button.type = "button";
      button.tabIndex = -1;
      button.title = `${title}: ${letter}`; // also its name
      button.addEventListener("click", () => {
        run(letter);
        const same = lists.program.querySelector(`[data-letter="${letter}"] .lc-arrange-${act}`);
        if (same) same.focus();
        else focus("program");
      });
    }
    const reply = model.get("reply");
    if (kind === "program" && reply.wrong === at && fits(reply)) {
      li.classList.add("lc-arrange-wrong");
      made("span", "lc-arrange-mark", li, "\u25c4 cannot be right");
    }
  }
  const fits = (reply) => JSON.stringify(reply.to) === JSON.stringify(program);

  function draw() {
    for (const kind of ["pool", "program"]) {
      const all = letters(kind);
      chosen[kind] = Math.max(0, Math.min(chosen[kind], all.length - 1));
      lists[kind].replaceChildren();
      all.forEach((letter, at) => item(kind, letter, at));
      if (!all.length) {
        made("li", "lc-arrange-none", lists[kind], kind === "pool" ? "None is left." : "Click a line to put it here.");
      }
    }
  }

  function focus(kind) {
    const other = kind === "pool" ? "program" : "pool";
    const list = letters(kind).length ? lists[kind] : lists[other];
    (list.querySelector('.lc-arrange-line[tabindex="0"]') ?? check).focus();
  }

  function pressed(kind, event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest(".lc-arrange-line")) return;
    const letter = event.target.closest("li").dataset.letter;
    const all = letters(kind);
    const at = all.indexOf(letter);
    const go = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    const doing = kind === "program" && {
      u: () => acts.move(letter, -1), d: () => acts.move(letter, 1),
      ArrowLeft: () => acts.indent(letter, -1), ArrowRight: () => acts.indent(letter, 1),
      Enter: () => acts.away(letter), " ": () => acts.away(letter),
      Delete: () => acts.away(letter), Backspace: () => acts.away(letter),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (go !== undefined) {
      chosen[kind] = Math.max(0, Math.min(go, all.length - 1));
      draw();
    } else if (doing && !event.shiftKey) {
      doing();
    } else {
      return; // In the first list, Enter and Space press the line, as they press any button.
    }
    event.preventDefault();
    focus(kind);
  }
  for (const kind of ["pool", "program"]) lists[kind].addEventListener("keydown", (event) => pressed(kind, event));

  check.addEventListener("click", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      say("Not checked yet: another cell is still running. If none is, run this cell again.");
    }, PATIENCE);
    try {
      model.send({ check: program });
    } catch {
      // The kernel of this widget is gone.
      clearTimeout(waiting);
      say("Not checked: the kernel was restarted. Run this cell again.");
    }
  });

  const answered = () => {
    clearTimeout(waiting);
    const reply = model.get("reply");
    draw();
    if (!reply.said || !fits(reply)) return;
    status.replaceChildren();
    for (const part of reply.said) made("p", "", status).innerHTML = part;
  };
  const changed = () => {
    const now = model.get("program");
    if (JSON.stringify(now) === JSON.stringify(program)) return;
    program = copied(now);
    kept.write({ program });
    chosen.program = program.length - 1;
    draw();
  };
  model.on("change:program", changed);
  model.on("change:reply", answered);
  box.addEventListener("keydown", keepKeys);
  if (!program.length) {
    program = kept.read().program ?? [];
    if (program.length) send();
  }
  chosen.program = program.length - 1;
  answered();
  if (!status.textContent) say("Put lines into your program, then press Check.");
  return () => {
    clearTimeout(waiting);
    model.off("change:program", changed);
    model.off("change:reply", answered);
  };
}

export default { render };
