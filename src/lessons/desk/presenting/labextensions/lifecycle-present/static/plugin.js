// What presenting adds to jupyterlab-slideshow, put together: which cells run, which keys do what, and what the
// presenter's window is told.

import { listen } from "./channel.js";
import { runner } from "./running.js";

const RUN = "lifecycle:run-and-stay-on-slide";
const CATCH_UP = "lifecycle:catch-up";
const OUT = "lifecycle:out-of-the-lab";

export function plugin({ INotebookTracker, NotebookActions }) {
  function activate(app, tracker) {
    const say = (message, type) =>
      app.commands.execute("apputils:notify", { message, type, options: { autoClose: 4000 } });
    const { prepare, runAndStay, catchUp } = runner(NotebookActions.runCells, say);
    const shown = () => (tracker.currentWidget?.content.activeCell ? tracker.currentWidget : null);
    const publish = listen(shown);

    async function open(panel) {
      await prepare(panel);
      // Lab may leave the focus outside, and then no key turns a slide.
      if (tracker.currentWidget === panel) {
        app.shell.activateById(panel.id);
        publish();
      }
    }

    const focus = () => tracker.currentWidget.content.activeCell.node.focus();

    // Keys in a lab belong to the lab. After a click beside it, nothing has the focus, and keys would not turn slides.
    function refocus() {
      if (document.activeElement === document.body && isEnabled() && tracker.currentWidget.node.matches(".jp-Deck")) {
        focus();
      }
    }

    const isEnabled = () => Boolean(shown());
    const command = (id, label, execute) => app.commands.addCommand(id, { label, execute, isEnabled });
    command(RUN, "Run the Cell and Stay on the Slide", () => runAndStay(shown()));
    command(CATCH_UP, "Catch Up with This Slide", () => catchUp(shown()));
    // As specific as the bindings of Lab and of the slides and one class more, so that these win.
    for (const selector of [".jp-mod-commandMode:not(.jp-mod-readWrite) :focus", ".jp-mod-editMode"]) {
      app.commands.addKeyBinding({ command: RUN, keys: ["Shift Enter"], selector: `.jp-Deck .jp-Notebook${selector}` });
    }
    command(OUT, "Back from the Lab to the Slide", focus);
    // As in a cell's text, the first Escape leads out of it and the next one out of the slides.
    const inLab = ".jp-Deck .jp-Notebook .jp-Cell .jp-OutputArea .jp-OutputArea-output :focus";
    app.commands.addKeyBinding({ command: OUT, keys: ["Escape"], selector: inLab });
    app.commands.addKeyBinding({ command: CATCH_UP, keys: ["Accel Shift Enter"], selector: "body" });

    document.addEventListener("click", refocus);
    tracker.activeCellChanged.connect(publish);
    tracker.forEach(open);
    tracker.widgetAdded.connect((_, panel) => open(panel));
  }

  return { id: "lifecycle-present:plugin", autoStart: true, requires: [INotebookTracker], activate };
}
