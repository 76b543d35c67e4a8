// Cells that run in a presentation: setup cells and questions at opening, one cell with its answer in view, and all
// cells before this slide after the kernel was restarted.

import { has, isCode, isShown, waits } from "./deck.js";

const SETTLED = 2000; // milliseconds

// A question is on its slide when the slide appears, so its cell is prepared like a setup cell.
const isPrepared = cell => isCode(cell) && (has(cell, "setup") || (has(cell, "predict") && isShown(cell)));

// Lab's own answer, whether cells ran well, counts an error that is shown on purpose as a failure.
const failed = cell =>
  !has(cell, "raises-exception") && cell.model.outputs.toJSON().some(output => output.output_type === "error");

// An output may grow for a while (a widget draws itself), so its last line is followed until it has settled.
function lead(page, output) {
  const growing = new ResizeObserver(() =>
    output.scrollIntoView({ block: output.clientHeight > page.clientHeight ? "start" : "nearest" })
  );
  growing.observe(output);
  setTimeout(() => growing.disconnect(), SETTLED);
}

/** Returns functions that run a panel's cells. `runCells` is JupyterLab's own; `say` shows one sentence of a type. */
export function runner(runCells, say) {
  const run = (panel, cells) => runCells(panel.content, cells, panel.sessionContext);

  async function prepare(panel) {
    await panel.context.ready;
    await panel.sessionContext.ready;
    const prepared = panel.content.widgets.filter(isPrepared);
    await run(panel, prepared);
    if (prepared.some(failed)) {
      say("A cell that runs at opening failed: the notebook shows its error.", "error");
    }
  }

  // Shift+Enter in Lab goes on to the next cell, and that would turn the slide before its answer was seen.
  async function runAndStay(panel) {
    const { content } = panel;
    const cell = content.activeCell;
    const ended = run(panel, [cell]);
    const below = content.activeCellIndex + 1;
    const further = content.widgets.slice(below).findIndex(isShown);
    if (further >= 0 && !waits(content.widgets[below + further])) {
      content.activeCellIndex = below + further;
    }
    await ended;
    if (isCode(cell)) {
      lead(content.node, cell.outputArea.node);
    }
  }

  async function catchUp(panel) {
    const { activeCellIndex, widgets } = panel.content;
    const shown = (cell, index) => index < activeCellIndex && isShown(cell);
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

  return { prepare, runAndStay, catchUp };
}
