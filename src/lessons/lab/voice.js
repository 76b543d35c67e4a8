// The voice of a lab: the one sentence that says what just happened, how far a long run is, and the outcome as text.
// It keeps the keys that controls use from JupyterLab's own shortcuts (keys.js comes before this file).
// And it gives names to what ipywidgets leaves nameless: the group, slider handles and their readouts, radio groups.

function nameParts(lab, title) {
  lab.setAttribute("role", "group");
  lab.setAttribute("aria-label", title);
  for (const box of lab.querySelectorAll(".widget-slider, .widget-radio")) {
    const label = box.querySelector(".widget-label")?.textContent ?? "";
    const handles = box.querySelectorAll("[role=slider]");
    handles.forEach((handle, at) => {
      const name = handles.length > 1 ? `${label}, ${at ? "to" : "from"}` : label;
      if (handle.getAttribute("aria-label") !== name) handle.setAttribute("aria-label", name);
    });
    const readout = box.querySelector(".widget-readout");
    if (readout && readout.getAttribute("role") !== "textbox") {
      readout.setAttribute("role", "textbox");
      readout.setAttribute("aria-label", `${label}, type a value`);
    }
    const radios = box.querySelector(".widget-radio-box");
    if (radios && radios.getAttribute("role") !== "radiogroup") {
      radios.setAttribute("role", "radiogroup");
      radios.setAttribute("aria-label", label);
    }
  }
}

// JupyterLab marks a widget whose kernel has restarted or ended: no control of it is answered any more.
const GONE = "jupyter-widgets-disconnected";
const AGAIN = "The kernel of this lab has restarted or ended. Run this cell again.";

function render({ model, el }) {
  const say = document.createElement("p");
  say.className = "lc-say";
  say.setAttribute("role", "status");
  say.setAttribute("aria-live", "polite");
  const wait = document.createElement("progress");
  wait.className = "lc-wait";
  wait.setAttribute("aria-label", "how far the run is");
  const twin = document.createElement("details");
  twin.className = "lc-twin";
  const glyph = document.createElement("span"), words = document.createTextNode("");
  glyph.className = "lc-mark";
  glyph.setAttribute("aria-hidden", "true");
  say.append(glyph, words);
  const summary = document.createElement("summary"), outcome = document.createTextNode("");
  summary.textContent = "The same as text";
  const text = document.createElement("pre");
  text.tabIndex = 0;
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", "the outcome as text");
  text.append(outcome);
  twin.append(summary, text);
  el.append(say, wait, twin);

  const glyphs = { ok: "✓", fail: "✗", error: "⚠" };
  let gone = false;
  const show = () => {
    const mark = gone ? "error" : model.get("mark"), sentence = gone ? AGAIN : model.get("sentence");
    say.dataset.mark = mark;
    glyph.hidden = !glyphs[mark];
    if (glyph.textContent !== (glyphs[mark] ?? "")) glyph.textContent = glyphs[mark] ?? "";
    // New words in the same text: a watcher of new elements in the lab is not called.
    if (words.data !== sentence) words.data = sentence;
    wait.hidden = gone || model.get("total") <= 0;
    wait.max = Math.max(1, model.get("total"));
    wait.value = model.get("done");
    twin.hidden = !model.get("twin");
    if (outcome.data !== model.get("twin")) outcome.data = model.get("twin");
  };
  const events = ["sentence", "mark", "done", "total", "twin"].map((name) => `change:${name}`);
  for (const event of events) model.on(event, show);
  show();

  // The lab's root is there only once the whole tree is attached, and its parts may be drawn later still.
  let watcher = null, leaver = null;
  let frame = 0;
  const settle = () => {
    const lab = el.closest(".lifecycle-lab");
    if (!lab) { frame = requestAnimationFrame(settle); return; }
    const name = () => nameParts(lab, model.get("title"));
    name();
    watcher = new MutationObserver(name);
    watcher.observe(lab, { childList: true, subtree: true });
    const leave = () => {
      gone = lab.classList.contains(GONE);
      for (const control of lab.querySelectorAll(".lc-controls, .cv-bolt, .lc-replay")) control.inert = gone;
      show();
    };
    leaver = new MutationObserver(leave);
    leaver.observe(lab, { attributes: true, attributeFilter: ["class"] });
    if (lab.classList.contains(GONE)) leave();
    lab.addEventListener("keydown", keepKeys);
  };
  settle();
  return () => {
    cancelAnimationFrame(frame);
    watcher?.disconnect();
    leaver?.disconnect();
    for (const event of events) model.off(event, show);
  };
}

export default { render };
