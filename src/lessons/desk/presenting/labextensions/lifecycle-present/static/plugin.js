// What presenting adds to jupyterlab-slideshow, put together: which cells run, which keys do what, where the slides
// begin, and what the presenter's window is told.

import { listen } from "./channel.js";
import { blackScreen, corner } from "./corner.js";
import { current, go, move, slides } from "./deck.js";
import { dialogs } from "./dialogs.js";
import { bind } from "./keys.js";
import { memory } from "./memory.js";
import { runner } from "./running.js";

const CATCH_UP = "lifecycle:catch-up";
const OLDER =
  "This lesson is open in a newer window. That one saves it, and the presenter's window leads it. " +
  "To work in this one again, reload it.";
const OPEN_VOTE = ".lc-choice-votes:has(.lc-vote-steps:not([hidden]))";

export function plugin({ INotebookTracker, NotebookActions }, { Dialog }) {
  function activate(app, tracker) {
    const { commands, serviceManager, shell } = app;
    const say = (message, type) =>
      commands.execute("apputils:notify", { message, type, options: { autoClose: 4000 } });
    const { prepare, runAndStay, catchUp } = runner(NotebookActions.runCells, say);
    const places = memory(serviceManager.workspaces);
    const ready = new WeakSet();
    const others = new WeakSet(); // models of lessons that another window saves

    const shown = () => (tracker.currentWidget?.content.activeCell ? tracker.currentWidget : null);
    const inSlides = () => (shown()?.node.matches(".jp-Deck") ? shown() : null);
    const notebook = () => shown().content;
    const black = blackScreen();
    const turn = act => (black.hidden ? act() : (black.hidden = true));
    const left = new WeakMap(); // for each notebook, the number of the slide that the last jump left
    const jump = index => {
      left.set(notebook(), current(notebook(), slides(notebook())));
      go(notebook(), index);
    };
    const turns = {
      move: steps => turn(() => move(notebook(), steps)),
      go: index => turn(() => jump(index)),
      blank: () => (black.hidden = !black.hidden),
      run: () => black.hidden && runAndStay(shown()),
    };
    // Of two windows with the same lesson, the presenter's window follows the newer one, which saves it.
    const led = () => (others.has(shown()?.context.model) ? null : shown());
    const { publish, opened } = listen(led, { ...turns, savedElsewhere });
    const dismiss = dialogs(Dialog, () => Boolean(inSlides()), say);
    const { open: overview, update } = corner(inSlides, jump, () => left.get(notebook()));

    // Text that a double click has opened for editing is shown as text again when the slide goes on.
    function render({ activeCell, widgets }) {
      const opened = cell => cell.model.type === "markdown" && cell !== activeCell && !cell.rendered;
      for (const cell of widgets.filter(opened)) cell.rendered = true;
    }

    // A card that takes votes hears their letters when its slide comes back, too. The focus is on the card and not on its
    // button, which Space, the key for the next step, would press by mistake.
    function attend(card) {
      if (!card || !inSlides()) return;
      card.tabIndex = -1;
      card.focus({ preventScroll: true });
    }
    const openVote = () => inSlides()?.content.activeCell.node.querySelector(OPEN_VOTE);

    function follow() {
      update();
      setTimeout(() => attend(openVote()));
      if (inSlides()) render(notebook());
      document.body.classList.remove("lc-mouse");
      if (!ready.has(shown())) return;
      publish();
      places.remember(shown());
    }

    // Of two windows with the same lesson, the newer one saves it. If both did, Lab would ask on the projector which of
    // them is right. Lab saves by itself only what it calls dirty.
    function savedElsewhere(path) {
      const older = tracker.filter(({ context }) => context.path === path && !others.has(context.model));
      for (const { content, context: { model } } of older) {
        const clean = () => model.dirty && (model.dirty = false);
        others.add(model);
        model.stateChanged.connect(clean);
        clean();
        content.stateChanged.connect((_, { newValue }) => newValue === "edit" && say(OLDER, "warning"));
        say(OLDER, "warning");
      }
    }

    // A new kernel knows nothing of the cells that have run.
    function watch({ sessionContext }) {
      let isNew = false;
      sessionContext.statusChanged.connect((_, status) => {
        if (status.endsWith("restarting")) isNew = true;
        else if (status === "idle" && isNew) {
          isNew = false;
          say("The kernel has restarted. Ctrl+Shift+Enter catches up with this slide.", "info");
        }
      });
    }

    async function open(panel) {
      await panel.context.ready;
      opened(panel.context.path);
      await places.restore(panel);
      ready.add(panel);
      follow();
      await prepare(panel);
      watch(panel);
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
      dismiss,
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

    document.addEventListener("click", ({ target, detail }) => {
      // A click by key leaves the focus where it is.
      if (detail) attend(target.closest(".lc-vote-actions, .lc-vote-steps")?.closest(".lc-choice-votes"));
    });
    // A browser also reports a mouse that rests while something moves below it.
    document.addEventListener("mousemove", ({ movementX, movementY }) => {
      if (movementX || movementY) document.body.classList.add("lc-mouse");
    });
    tracker.activeCellChanged.connect(follow);
    tracker.forEach(open);
    tracker.widgetAdded.connect((_, panel) => open(panel));
    app.restored.then(reopen);
  }

  return { id: "lifecycle-present:plugin", autoStart: true, requires: [INotebookTracker], activate };
}
