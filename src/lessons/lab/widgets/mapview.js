// The map: a drawing made in Python, whose cells can be clicked. The chosen one gets a frame.
// The controls beside it choose as well, so the drawing takes no part in the tab order.

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "lc-view lc-map";
  el.append(box);

  const frame = () => {
    box.querySelector(".lc-chosen")?.remove();
    const cell = [...box.querySelectorAll("[data-cell]")].find((one) => one.dataset.cell === model.get("chosen"));
    if (!cell) return;
    const { x, y, width, height } = cell.getBBox();
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const places = { x, y, width, height, rx: 1.5, class: "lc-chosen" };
    for (const [name, value] of Object.entries(places)) rect.setAttribute(name, value);
    cell.closest("svg").append(rect);
  };
  const draw = () => {
    box.innerHTML = model.get("picture");
    frame();
  };
  // A map that is wider than its lab is moved with the arrow keys, too.
  const resized = new ResizeObserver(() => {
    const wide = box.scrollWidth > box.clientWidth;
    for (const [name, value] of Object.entries({ tabindex: 0, role: "group", "aria-label": "Map, wider than the screen" })) {
      if (wide) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
  });
  resized.observe(box);
  box.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-cell]");
    if (cell) model.send({ choose: cell.dataset.cell });
  });
  const show = (message) => {
    const lab = box.closest(".lifecycle-lab");
    if (message.show === "map") lab?.querySelector("select")?.focus();
    const replay = message.show === "replay" && lab?.querySelector(".lc-replay .lifecycle-lab");
    if (!replay) return;
    replay.scrollIntoView({ block: "start" });
    replay.querySelector("button")?.focus({ preventScroll: true });
  };
  model.on("msg:custom", show);
  model.on("change:picture", draw);
  model.on("change:chosen", frame);
  draw();
  // A box that is not on the page yet has no measures.
  requestAnimationFrame(frame);
  return () => {
    resized.disconnect();
    model.off("msg:custom", show);
    model.off("change:picture", draw);
    model.off("change:chosen", frame);
  };
}

export default { render };
