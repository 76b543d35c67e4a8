// A question as a group of radio buttons. Choosing costs nothing: only Sure or Guess commits. After the run of a
// prediction, the text "After you ran it" that follows opens by itself for a student who was wrong.

const AFTER = "After you ran it";
const PATIENCE = 4000; // milliseconds: a kernel that answers has done so by then, unless it runs a cell

function made(name, className, parent) {
  const element = document.createElement(name);
  element.className = className;
  parent.append(element);
  return element;
}

// The folded text that belongs to this question: in a cell after it, and before the next question.
function explanation(el) {
  const mine = el.closest(".jp-Cell");
  for (let cell = mine?.nextElementSibling; cell; cell = cell.nextElementSibling) {
    if (cell.querySelector(".lc-choice")) return null;
    for (const details of cell.querySelectorAll("details")) {
      if (details.querySelector("summary")?.textContent.trim() === AFTER) return details;
    }
  }
  return null;
}

function render({ model, el }) {
  const { label, lead, prompt, code, options, reason } = model.get("question");
  el.classList.add("lc-choice");
  const box = made("div", "lc-choice-box", el);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", label);
  const ask = made("p", "lc-choice-ask", box);
  ask.id = `lc-choice-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  ask.innerHTML = `<strong>${lead}</strong> ${prompt}`;
  if (code) made("pre", "lc-choice-code", box).textContent = code;
  const group = made("div", "lc-choice-options", box);
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-labelledby", ask.id);
  const radios = options.map(({ key, letter, text }) => {
    const row = made("label", "lc-choice-option", group);
    const radio = made("input", "", row);
    radio.type = "radio";
    radio.name = ask.id;
    radio.value = key;
    const words = made("span", "", row);
    words.innerHTML = `<strong>${letter}</strong>&ensp;${text}`;
    const mark = made("strong", "lc-choice-mine", words);
    return { radio, mark, key };
  });
  let because = null;
  if (reason) {
    const row = made("label", "lc-choice-reason", box);
    row.append("because … (if you like)");
    because = made("input", "", row);
    because.type = "text";
    because.maxLength = 300;
  }
  const row = made("div", "lc-choice-commit", box);
  const foot = made("div", "lc-choice-foot", box);
  const status = made("p", "lc-choice-status", foot);
  status.setAttribute("role", "status");
  const votes = voting(model, box, foot, options);
  let waiting = 0;

  const commit = (guess) => {
    const chosen = radios.find(({ radio }) => radio.checked);
    if (!chosen) {
      status.textContent = "Choose an option first.";
      return;
    }
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      status.textContent = "Not saved yet: another cell is still running. If none is, run this cell again.";
    }, PATIENCE);
    try {
      model.send({ commit: chosen.key, guess, because: because?.value ?? "" });
    } catch {
      // The kernel of this widget is gone.
      clearTimeout(waiting);
      status.textContent = "Not saved: the kernel was restarted. Run this cell again.";
    }
  };
  for (const [name, guess] of [["Sure", false], ["Guess", true]]) {
    const button = made("button", "lc-choice-button", row);
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => commit(guess));
  }

  const kept = draft(JSON.stringify([label, prompt, code]));
  const keep = () => kept.write({
    key: radios.find(({ radio }) => radio.checked)?.key, because: because?.value,
  });
  // An answer that is stored has no draft, also if a message about it never reached the card before this one.
  const begun = model.get("standing").first ? {} : kept.read();
  for (const { radio, key } of radios) radio.checked = key === begun.key;
  if (because) because.value = begun.because ?? "";
  box.addEventListener("input", keep);

  let opened = false;
  const show = () => {
    clearTimeout(waiting);
    const { first, marks, because: told, status: said, trouble, wrong, vote, right } = model.get("standing");
    box.classList.toggle("lc-choice-votes", Boolean(vote));
    group.hidden = Boolean(vote);
    votes.show(vote, marks, right);
    for (const { radio, mark, key } of radios) {
      mark.textContent = marks[key] ? ` ◄ ${marks[key]}` : "";
      if (key === first && !radios.some((one) => one.radio.checked)) radio.checked = true;
    }
    if (because && told && !because.value) because.value = told;
    if (first) kept.write(null);
    const words = said || (vote ? "" : "Choose an option, then press Sure or Guess.");
    // A class does not press them: a slide has neither these words nor these buttons.
    status.classList.toggle("lc-choice-hint", !said && !trouble);
    status.innerHTML = trouble ? `${words} ${trouble}` : words;
    const details = wrong && !opened ? explanation(el) : null;
    if (details) opened = details.open = true;
  };
  model.on("change:standing", show);
  box.addEventListener("keydown", keepKeys);
  show();
  return () => {
    clearTimeout(waiting);
    votes.stop();
    model.off("change:standing", show);
  };
}

export default { initialize, render };
