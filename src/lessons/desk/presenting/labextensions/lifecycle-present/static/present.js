// What presenting adds to jupyterlab-slideshow: setup cells and questions run at opening, Shift+Enter keeps an
// answer in view, one key catches up with the current slide, and Escape or a click beside it leads out of a lab.
// Lab loads this file unchanged: the object at the end has the shape that a bundler would give it, so that
// presenting needs no build step and no Node.

const SCOPE = "lifecycle-present";
const RUN = "lifecycle:run-and-stay-on-slide";
const CATCH_UP = "lifecycle:catch-up";
const OUT = "lifecycle:out-of-the-lab";

const SETTLED = 2000; // milliseconds
const ELSEWHERE = ["skip", "notes"];
const NEXT_STEP = ["slide", "subslide", "fragment"];

const slideType = cell => (cell.model.getMetadata("slideshow") || {}).slide_type || "-";
const isCode = cell => cell.model.type === "code";
const has = (cell, tag) => (cell.model.getMetadata("tags") || []).includes(tag);
// A question is on its slide when the slide appears, so its cell is prepared like a setup cell.
const isPrepared = cell =>
  isCode(cell) && (has(cell, "setup") || (has(cell, "predict") && !ELSEWHERE.includes(slideType(cell))));

// Lab's own answer, whether cells ran well, counts an error that is shown on purpose as a failure.
const failed = cell =>
  !has(cell, "raises-exception") && cell.model.outputs.toJSON().some(output => output.output_type === "error");

function plugin({ INotebookTracker, NotebookActions }) {
  const run = (panel, cells) => NotebookActions.runCells(panel.content, cells, panel.sessionContext);

  function activate(app, tracker) {
    const say = (message, type) =>
      app.commands.execute("apputils:notify", { message, type, options: { autoClose: 4000 } });

    async function prepare(panel) {
      await panel.context.ready;
      await panel.sessionContext.ready;
      const prepared = panel.content.widgets.filter(isPrepared);
      await run(panel, prepared);
      if (prepared.some(failed)) {
        say("A cell that runs at opening failed: the notebook shows its error.", "error");
      }
      // Lab may leave the focus outside, and then no key turns a slide.
      if (tracker.currentWidget === panel) {
        app.shell.activateById(panel.id);
      }
    }

    const focus = () => tracker.currentWidget.content.activeCell.node.focus();

    // Keys in a lab belong to the lab. After a click beside it, nothing has the focus, and keys would not turn slides.
    function refocus() {
      if (document.activeElement === document.body && isEnabled() && tracker.currentWidget.node.matches(".jp-Deck")) {
        focus();
      }
    }

    // Shift+Enter in Lab goes on to the next cell, and that would turn the slide before its answer was seen.
    async function runAndStay() {
      const { content } = tracker.currentWidget;
      const cell = content.activeCell;
      const ended = run(tracker.currentWidget, [cell]);
      const below = content.activeCellIndex + 1;
      const further = content.widgets.slice(below).findIndex(one => !ELSEWHERE.includes(slideType(one)));
      if (further >= 0 && !NEXT_STEP.includes(slideType(content.widgets[below + further]))) {
        content.activeCellIndex = below + further;
      }
      await ended;
      if (isCode(cell)) {
        lead(content.node, cell.outputArea.node);
      }
    }

    // An output may grow for a while (a widget draws itself), so its last line is followed until it has settled.
    function lead(page, output) {
      const growing = new ResizeObserver(() =>
        output.scrollIntoView({ block: output.clientHeight > page.clientHeight ? "start" : "nearest" })
      );
      growing.observe(output);
      setTimeout(() => growing.disconnect(), SETTLED);
    }

    async function catchUp() {
      const panel = tracker.currentWidget;
      const { activeCellIndex, widgets } = panel.content;
      const shown = (cell, index) => index < activeCellIndex && !ELSEWHERE.includes(slideType(cell));
      const cells = widgets.filter((cell, index) => isPrepared(cell) || (isCode(cell) && shown(cell, index)));
      await panel.sessionContext.ready;
      cells.forEach(cell => cell.model.clearExecution());
      // One by one: of cells that are sent together, a late one runs although one before it has failed.
      for (const cell of cells) {
        await run(panel, [cell]);
        if (failed(cell)) {
          say("Not caught up: a cell on an earlier slide failed, and what follows it did not run.", "error");
          return;
        }
      }
      say(`Caught up: ${cells.length} cells have run.`, "success");
    }

    const isEnabled = () => Boolean(tracker.currentWidget?.content.activeCell);
    app.commands.addCommand(RUN, { label: "Run the Cell and Stay on the Slide", execute: runAndStay, isEnabled });
    app.commands.addCommand(CATCH_UP, { label: "Catch Up with This Slide", execute: catchUp, isEnabled });
    // As specific as the bindings of Lab and of the slides and one class more, so that these win.
    for (const selector of [".jp-mod-commandMode:not(.jp-mod-readWrite) :focus", ".jp-mod-editMode"]) {
      app.commands.addKeyBinding({ command: RUN, keys: ["Shift Enter"], selector: `.jp-Deck .jp-Notebook${selector}` });
    }
    app.commands.addCommand(OUT, { label: "Back from the Lab to the Slide", execute: focus, isEnabled });
    // As in a cell's text, the first Escape leads out of it and the next one out of the slides.
    const inLab = ".jp-Deck .jp-Notebook .jp-Cell .jp-OutputArea .jp-OutputArea-output :focus";
    app.commands.addKeyBinding({ command: OUT, keys: ["Escape"], selector: inLab });
    app.commands.addKeyBinding({ command: CATCH_UP, keys: ["Accel Shift Enter"], selector: "body" });

    document.addEventListener("click", refocus);
    tracker.forEach(prepare);
    tracker.widgetAdded.connect((_, panel) => prepare(panel));
  }

  return { id: `${SCOPE}:plugin`, autoStart: true, requires: [INotebookTracker], activate };
}

// Figures are drawn with letters of 13 and 14 pixels: on a projector these are to be larger, as all the rest.
const LETTERS = 0.0245; // of the screen's height
const zoom = () => document.documentElement.style.setProperty("--lc-zoom", (LETTERS * window.innerHeight) / 13);
window.addEventListener("resize", zoom);
zoom();

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = new URL("slides.css", document.currentScript.src);
document.head.append(style);

// Lab hands its own packages to `init`, each by name and version, and then asks for the extension.
let packages;
window._JUPYTERLAB = window._JUPYTERLAB || {};
window._JUPYTERLAB[SCOPE] = {
  init(shared) {
    packages = shared;
  },
  async get() {
    const [notebook] = Object.values(packages["@jupyterlab/notebook"]);
    const made = plugin((await notebook.get())());
    return () => ({ __esModule: true, default: made });
  },
};
