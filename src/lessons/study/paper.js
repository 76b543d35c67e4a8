// Nine questions on one card. Choosing costs nothing; one button commits all answers, once.

const PATIENCE = 4000; // milliseconds: a kernel that answers has done so by then, unless it runs a cell

function made(name, className, parent) {
  const element = document.createElement(name);
  element.className = className;
  parent.append(element);
  return element;
}

function ask(question, prefix, parent) {
  const box = made("div", "lc-paper-question", parent);
  const prompt = made("p", "lc-paper-prompt", box);
  prompt.id = `${prefix}-${question.id}`;
  prompt.innerHTML = `<strong>${question.number}.</strong> ${question.prompt} `;
  const missing = made("strong", "lc-paper-missing", prompt);
  const code = made("pre", "lc-paper-code", box);
  code.textContent = question.code;
  const group = made("div", "", box);
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-labelledby", prompt.id);
  const radios = question.options.map(({ key, letter, text }) => {
    const label = made("label", "lc-paper-option", group);
    // The first click of a double click on the button moves the page, so the second one would choose what comes there.
    label.addEventListener("click", (event) => {
      if (event.detail > 1) event.preventDefault();
    });
    const radio = made("input", "", label);
    radio.type = "radio";
    radio.name = prompt.id;
    radio.value = key;
    const words = made("span", "", label);
    words.innerHTML = `<strong>${letter}</strong>&ensp;${text}`;
    return { radio, key, mark: made("strong", "", words) };
  });
  return { ...question, radios, missing, chosen: () => radios.find(({ radio }) => radio.checked)?.key };
}

function render({ model, el }) {
  const { name, title, introduction, questions } = model.get("paper");
  const kept = draft(name);
  el.classList.add("lc-paper");
  const box = made("div", "lc-paper-box", el);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", title);
  made("p", "", box).innerHTML = `<strong>${title}.</strong> ${introduction}`;
  const prefix = `lc-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const asked = questions.map((question) => ask(question, prefix, box));
  const row = made("div", "lc-paper-commit", box);
  const button = made("button", "lc-paper-button", row);
  button.type = "button";
  button.textContent = "Store my answers";
  const status = made("p", "lc-paper-status", row);
  status.setAttribute("role", "status");
  status.tabIndex = -1;
  const result = made("div", "", box);
  let waiting = 0;
  let sent = false;

  const open = () => asked.filter((one) => !one.chosen());
  const count = () => {
    status.textContent = `${asked.length - open().length} of ${asked.length} answered`;
  };
  const chose = () => {
    for (const one of asked) if (one.chosen()) one.missing.textContent = "";
    kept.write(Object.fromEntries(asked.map((one) => [one.id, one.chosen()])));
    count();
  };
  const commit = () => {
    const left = open();
    if (left.length) {
      for (const one of left) one.missing.textContent = "◄ not answered yet";
      count();
      status.textContent += `. Not answered yet: ${left.map((one) => one.number).join(", ")}.`;
      left[0].radios[0].radio.focus();
      return;
    }
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      status.textContent = "Not stored yet: another cell is still running. If none is, run this cell again.";
    }, PATIENCE);
    try {
      sent = true;
      model.send({ commit: Object.fromEntries(asked.map((one) => [one.id, one.chosen()])) });
    } catch {
      // The kernel of this widget is gone.
      clearTimeout(waiting);
      status.textContent = "Not stored: the kernel was restarted. Run this cell again. Your choices are kept.";
    }
  };
  button.addEventListener("click", commit);

  const show = () => {
    clearTimeout(waiting);
    const { given, closed, status: said, trouble, result: told } = model.get("standing");
    const chosen = closed ? given : kept.read();
    for (const { id, radios } of asked) {
      for (const { radio, key, mark } of radios) {
        if (chosen[id] !== undefined || closed) radio.checked = key === chosen[id];
        radio.disabled = closed;
        mark.textContent = closed && key === given[id] ? " ◄ your answer" : "";
      }
    }
    button.hidden = closed;
    if (closed) {
      kept.write(null);
      status.innerHTML = said;
    } else {
      count();
    }
    if (trouble) status.innerHTML += ` ${trouble}`;
    result.innerHTML = told;
    // The button is gone, and the focus must not fall out of the card: JupyterLab would take the keys.
    if (closed && sent) status.focus();
  };
  model.on("change:standing", show);
  for (const { radios } of asked) for (const { radio } of radios) radio.addEventListener("change", chose);
  box.addEventListener("keydown", keepKeys);
  show();
  return () => {
    clearTimeout(waiting);
    model.off("change:standing", show);
  };
}

export default { render };
