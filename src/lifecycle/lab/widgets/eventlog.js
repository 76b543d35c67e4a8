// What happened, line by line, and what is open right now by the ledger. Both stay folded or unfolded as one left them.

function list(kind, label) {
  const details = document.createElement("details"), summary = document.createElement("summary");
  const lines = document.createElement(kind);
  lines.tabIndex = 0;
  lines.setAttribute("aria-label", label);
  details.append(summary, lines);
  const show = (count, texts) => {
    summary.textContent = `${label} (${count})`;
    lines.replaceChildren(...texts.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
    if (kind === "ol") lines.start = count - texts.length + 1;
    lines.scrollTop = lines.scrollHeight;
  };
  details.addEventListener("toggle", () => (lines.scrollTop = lines.scrollHeight));
  return { details, show };
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "cv-logs";
  const log = list("ol", "Event log"), held = list("ul", "Open right now");
  root.append(log.details, held.details);
  el.append(root);
  const show = () => {
    const state = model.get("state");
    log.show(state.count ?? 0, state.log ?? []);
    held.show(state.open ?? 0, state.held ?? []);
  };
  model.on("change:state", show);
  show();
  return () => model.off("change:state", show);
}

export default { render };
