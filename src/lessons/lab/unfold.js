// A button that unfolds the advanced controls. ipywidgets' own buttons cannot say "expanded".

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "lc-unfold";
  const glyph = document.createElement("span");
  glyph.setAttribute("aria-hidden", "true");
  button.append(glyph, model.get("label"));
  const show = () => {
    const open = model.get("value");
    button.setAttribute("aria-expanded", String(open));
    glyph.textContent = open ? "▾ " : "▸ ";
  };
  button.addEventListener("click", () => {
    model.set("value", !model.get("value"));
    model.save_changes();
  });
  model.on("change:value", show);
  show();
  el.append(button);
  return () => model.off("change:value", show);
}

export default { render };
