// The events, line by line, and what is open now by the ledger. Both stay folded or unfolded as one left them.

function list(kind, label) {
  const details = document.createElement("details"), summary = document.createElement("summary");
  const lines = document.createElement(kind);
  lines.tabIndex = 0;
  lines.setAttribute("aria-label", label);
  details.append(summary, lines);
  let count = 0, texts = [];
  // A folded list is written when it is unfolded: a click on the pipeline does not wait for lines that are not seen.
  const write = () => {
    if (!details.open) return;
    while (lines.childElementCount > texts.length) lines.lastChild.remove();
    texts.forEach((text, i) => {
      const item = lines.children[i] ?? lines.appendChild(document.createElement("li"));
      if (item.textContent !== text) item.textContent = text;
    });
    if (kind === "ol") lines.start = count - texts.length + 1;
    lines.scrollTop = lines.scrollHeight;
  };
  const show = (...now) => {
    [count, texts] = now;
    const title = `${label} (${count})`;
    if (summary.textContent !== title) summary.textContent = title;
    write();
  };
  details.addEventListener("toggle", write);
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
