// The keys of a presentation. On a slide, JupyterLab sees none of them: there a slip would insert, delete or convert
// a cell. So a key does what the table below says, or what the browser does with it, or nothing.
//
// In a cell's text, which somebody has clicked into, keys are the text's. In a lab or a question they are the lab's,
// and JupyterLab does not see them either. PageUp and PageDown, which clickers send, turn the slide from a text and
// from a button as well, Shift+Enter runs the cell from everywhere, and Escape leads back to the slide.

const TWICE = 1500; // milliseconds

const MODIFIERS = ["Control", "Shift", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock", "Dead"];
/** Keys with which a browser does something harmless: move the focus, zoom, copy, reload, fill the screen. */
const BROWSER = [
  ..."Tab Shift+Tab Ctrl+c Ctrl+r Ctrl+Shift+r F11".split(" "),
  ..."Ctrl++ Ctrl+= Ctrl+- Ctrl+0 Ctrl+Shift++ Ctrl+Shift+- Ctrl+Shift+_".split(" "),
];

/** Keys that open JupyterLab's menu of a cell, in which a letter is enough to delete it. */
const MENU = ["ContextMenu", "Shift+F10"];

/** Keys that leave the page, or open something over it, wherever they are pressed. A clicker's start is F5. */
const LEAVES = [
  ..."F1 F3 F5 Shift+F5 Ctrl+F5 F6 F7 F10 F12 Alt+ArrowLeft Alt+ArrowRight Alt+Home Ctrl+o Ctrl+p Ctrl+u".split(" "),
  ..."BrowserBack BrowserForward BrowserRefresh BrowserHome BrowserSearch BrowserFavorites LaunchMail".split(" "),
];

/** Keys with Ctrl or Alt that JupyterLab sees in a cell's text. Others of its keys insert cells or close the lesson. */
const LAB = ["Ctrl+s", "Ctrl+Enter", "Ctrl+z", "Ctrl+Shift+z", "Ctrl+/"];

/** Where a key is pressed. */
const SLIDE = "slide", TEXT = "text", CONTROL = "control", LINK = "link", ELSEWHERE = "elsewhere";

/** Controls to which PageUp and PageDown mean nothing. */
const PLAIN = "button, summary, input[type=radio], input[type=checkbox], [role=button], [role=radio], .lc-choice-votes";

function placeOf(target) {
  if (!(target instanceof Element) || target === document.body) return SLIDE;
  if (target.closest("dialog, .jp-Dialog, .lm-Menu, .lm-MenuBar")) return ELSEWHERE;
  if (target.closest(".cm-editor")) return TEXT;
  const around = target.closest(".jp-OutputArea-output, .jp-RenderedMarkdown");
  if (around && around !== target) return target.matches("a[href]") ? LINK : CONTROL;
  return target.matches("input, textarea, select") ? ELSEWHERE : SLIDE;
}

/** A key by name, such as "Ctrl+Shift+Enter" or "b"; a letter of another alphabet counts as the key's own letter. */
function nameOf({ key, code, ctrlKey, metaKey, altKey, shiftKey }) {
  const foreign = key.length === 1 && key > "~";
  const letter = foreign ? { Period: "." }[code] ?? code.replace(/^Key/, "") : key;
  const plain = letter.length === 1 ? letter.toLowerCase() : letter;
  return [(ctrlKey || metaKey) && "Ctrl", altKey && "Alt", shiftKey && "Shift", plain].filter(Boolean).join("+");
}

/** Give each key its meaning while `isPresenting()`; the `acts` are what a key can do. */
export function bind(isPresenting, acts) {
  let before = { name: "", at: 0 };
  const twice = (name, act, hint) => event => {
    const again = before.name === name && event.timeStamp - before.at < TWICE;
    return again ? act() : acts.say(hint, "info");
  };
  const next = () => acts.move(1);
  const back = () => acts.move(-1);
  const MOVES = {
    "ArrowRight": next, "ArrowDown": next, "PageDown": next, " ": next,
    "ArrowLeft": back, "ArrowUp": back, "PageUp": back, "Shift+ ": back,
    "Home": () => acts.go(0), "End": () => acts.go(Infinity),
  };
  const RUNS = { "Shift+Enter": acts.run, "Ctrl+Shift+Enter": acts.catchUp };
  const TABLE = {
    ...MOVES, ...RUNS,
    ".": acts.blank, "b": acts.blank, "o": acts.overview,
    "Escape": acts.out,
    "0": twice("0", acts.restart, "Press 0 once more to restart the kernel."),
    // That window shows the answers, and opens over the slides: one slip must not put it on the projector.
    "p": twice("p", acts.window, "Press p once more to open the presenter's window, which shows the answers."),
    "q": twice("q", acts.leave, "Press q once more to leave the slides."),
  };
  const WAKES = [...Object.keys(MOVES), ".", "b", "Escape"];
  const TURNS = ["PageUp", "PageDown"];

  function meaning(name, place, target) {
    if (place === TEXT || place === CONTROL) {
      return TURNS.includes(name) && (place === TEXT || target.matches(PLAIN)) ? MOVES[name] : RUNS[name];
    }
    return TABLE[name];
  }

  function first(event) {
    if (!isPresenting() || MODIFIERS.includes(event.key)) return;
    const place = placeOf(event.target);
    const name = nameOf(event);
    if (place !== TEXT && LEAVES.includes(name)) {
      event.stopImmediatePropagation();
      event.preventDefault();
    }
    if (place === ELSEWHERE && TURNS.includes(name) && event.target.closest(".jp-Dialog")) acts.dismiss();
    if (place === ELSEWHERE || event.isComposing) return;
    const isBlank = acts.isBlank();
    const act = isBlank ? WAKES.includes(name) && acts.blank : meaning(name, place, event.target);
    const keeps = place === TEXT || place === CONTROL || (place === LINK && name === "Enter");
    if (!act && keeps && !isBlank && !MENU.includes(name)) return;
    event.stopImmediatePropagation();
    if (act || !BROWSER.includes(name)) event.preventDefault();
    // A key that is held down turns slides, and does nothing else again and again.
    if (!act || (event.repeat && !MOVES[name])) return;
    if (!isBlank && (place === TEXT || place === CONTROL)) acts.out();
    act(event);
    before = { name, at: event.timeStamp };
  }

  function last(event) {
    if (!isPresenting()) return;
    const place = placeOf(event.target);
    if (place !== TEXT && place !== CONTROL) return;
    const name = nameOf(event);
    if (LEAVES.includes(name)) event.preventDefault();
    if (place === TEXT && /^(Ctrl|Alt)\+/.test(name) && !LAB.includes(name)) event.stopPropagation();
    if (event.defaultPrevented) return;
    if (event.key === "Escape") {
      event.preventDefault();
      acts.out();
    }
    if (event.key === "Escape" || place === CONTROL) event.stopPropagation();
  }

  // JupyterLab's menu of a cell deletes it at one click or one letter. A text has the browser's menu, and a slide none.
  function menu(event) {
    const place = placeOf(event.target);
    if (!isPresenting() || place === ELSEWHERE) return;
    event.stopImmediatePropagation();
    if (place !== TEXT) event.preventDefault();
  }

  // The first to hear of a key is the window, and JupyterLab, at the document, is after the body.
  window.addEventListener("keydown", first, true);
  window.addEventListener("contextmenu", menu, true);
  document.body.addEventListener("keydown", last);
}
