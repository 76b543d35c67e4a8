// Lab's dialogs cover the slide, and wait for Enter or Escape, which a clicker lacks. On slides, a dialog that only says
// something is a notice in the corner instead. One that asks something is closed by PageDown and PageUp as by Escape.

const AGAIN = 60000; // milliseconds; Lab says every few seconds that the server does not answer

const text = (dialog, selector) => dialog.node.querySelector(selector)?.textContent.trim() ?? "";

/** `Dialog` is JupyterLab's own. Returns what closes each dialog that is open, and nothing is done in it. */
export function dialogs(Dialog, isPresenting, say) {
  const told = new Map(); // when each sentence was said last

  async function opened(_, dialog) {
    await dialog.ready;
    if (!isPresenting() || dialog.node.querySelectorAll(".jp-Dialog-footer button").length !== 1) return;
    dialog.reject();
    const said = [".jp-Dialog-header", ".jp-Dialog-body"].map(part => text(dialog, part)).filter(Boolean).join(": ");
    if (performance.now() - (told.get(said) ?? -AGAIN) < AGAIN) return;
    told.set(said, performance.now());
    say(said, "warning");
  }

  Dialog.tracker.widgetAdded.connect(opened);
  return () => Dialog.tracker.forEach(dialog => dialog.reject());
}
