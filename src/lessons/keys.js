// Keeps the keys that a control uses from JupyterLab's own shortcuts, where ArrowDown means "next cell" and X "cut
// cell". Ctrl, Alt and Command with a key, and Shift+Enter, go on to JupyterLab.

const KEYS = new Set([
  "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Enter", "Backspace", "Delete",
]);

function keepKeys(event) {
  const runsCell = event.key === "Enter" && event.shiftKey;
  const shortcut = event.ctrlKey || event.metaKey || event.altKey || runsCell;
  if (!shortcut && (KEYS.has(event.key) || event.key.length === 1)) event.stopPropagation();
}
