// What presenting adds to jupyterlab-slideshow, put together: which cells run, which keys do what, where the slides
// begin, and what the presenter's window is told.

import { listen } from "./channel.js";
import { blackScreen, corner } from "./corner.js";
import { go, move } from "./deck.js";
import { bind } from "./keys.js";
import { memory } from "./memory.js";
import { runner } from "./running.js";

const CATCH_UP = "lifecycle:catch-up";

export function plugin({ INotebookTracker, NotebookActions }) {
  function activate(app, tracker) {
    const { commands, serviceManager, shell } = app;
    const say = (message, type) =>
      commands.execute("apputils:notify", { message, type, options: { autoClose: 4000 } });
    const { prepare, runAndStay, catchUp } = runner(NotebookActions.runCells, say);
    const places = memory(serviceManager.workspaces);
    const ready = new WeakSet();

    const shown = () => (tracker.currentWidget?.content.activeCell ? tracker.currentWidget : null);
    const inSlides = () => (shown()?.node.matches(".jp-Deck") ? shown() : null);
    const notebook = () => shown().content;
    const black = blackScreen();
    const turn = act => (black.hidden ? act() : (black.hidden = true));
    const turns = {
      move: steps => turn(() => move(notebook(), steps)),
      go: index => turn(() => go(notebook(), index)),
      blank: () => (black.hidden = !black.hidden),
    };
    const publish = listen(shown, turns);
    const { open: overview, update } = corner(inSlides);

    function follow() {
      update();
      if (!ready.has(shown())) return;
      publish();
      places.remember(shown());
    }

    async function open(panel) {
      await panel.context.ready;
      await places.restore(panel);
      ready.add(panel);
      follow();
      await prepare(panel);
      if (tracker.currentWidget !== panel) return;
      // Leaving the slides is remembered by Lab, but whoever opens the page again wants to present.
      if (!inSlides()) await commands.execute("deck:start");
      shell.activateById(panel.id);
      follow();
    }

    // A reload can find a folder in the page's address instead of a lesson.
    async function reopen() {
      const path = await places.last();
      if (path && !tracker.size && !location.pathname.endsWith(".ipynb")) {
        await commands.execute("docmanager:open", { path });
      }
    }

    async function leave() {
      await commands.execute("deck:stop");
      update();
      await notebook().scrollToItem(notebook().activeCellIndex);
    }

    // Out of a cell's text, or of a lab, back to the slide. Text that was opened for editing is shown as text again.
    function out() {
      const cell = notebook().activeCell;
      notebook().mode = "command";
      if (cell.model.type === "markdown") cell.rendered = true;
      cell.node.focus();
    }

    bind(() => Boolean(inSlides()), {
      say,
      out,
      ...turns,
      run: () => runAndStay(shown()),
      catchUp: () => catchUp(shown()),
      restart: () => commands.execute("kernelmenu:restart"),
      leave,
      overview,
      // Its notes are not on the projector: the presenter moves this window to the other screen.
      window: () => window.open(`${serviceManager.serverSettings.baseUrl}presenter`, "lifecycle-presenter", "popup"),
      isBlank: () => !black.hidden,
    });
    commands.addCommand(CATCH_UP, {
      label: "Catch Up with This Slide",
      execute: () => catchUp(shown()),
      isEnabled: () => Boolean(shown()),
    });
    commands.addKeyBinding({ command: CATCH_UP, keys: ["Accel Shift Enter"], selector: "body" });

    tracker.activeCellChanged.connect(follow);
    tracker.forEach(open);
    tracker.widgetAdded.connect((_, panel) => open(panel));
    app.restored.then(reopen);
  }

  return { id: "lifecycle-present:plugin", autoStart: true, requires: [INotebookTracker], activate };
}
