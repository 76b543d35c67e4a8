// A class's vote on a question, in the card of the question: + and − per option while the vote is open, one row of
// buttons, and bars after the last close. The kernel says which actions are possible, and whether bars are shown.

const CHANNEL = "lifecycle-present"; // between the slides and the presenter's window

// The rows and buttons of a vote in `box`; `options` as in the question. Returns show(vote, marks, right).
function voting(model, box, foot, options) {
  const rows = made("div", "lc-choice-options lc-vote-options", box);
  rows.setAttribute("role", "group");
  rows.setAttribute("aria-label", "Options");
  foot.before(rows);
  let vote = null;
  const send = (content) => {
    try {
      model.send(content);
    } catch {
      // The kernel of this card is gone, and its votes with it.
      note.textContent = "The kernel was restarted. Press Ctrl+Shift+Enter, then vote again.";
    }
  };
  const step = (letter, step) => send({ step, letter });
  const lines = options.map(({ key, letter, text }) => {
    const row = made("div", "lc-choice-option", rows);
    const steps = made("span", "lc-vote-steps", row);
    for (const [sign, by, name] of [["−", -1, "less"], ["+", 1, "more"]]) {
      const button = made("button", "lc-choice-button lc-vote-step", steps);
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", `One hand ${name} for ${letter}`);
      button.addEventListener("click", () => step(letter, by));
    }
    const words = made("span", "", row);
    words.innerHTML = `<strong>${letter}</strong>&ensp;${text}`;
    return { row, steps, mark: made("strong", "lc-choice-mine", words), count: made("strong", "lc-choice-count", row), key, letter };
  });
  const note = made("span", "lc-vote-note", foot);
  const time = made("span", "lc-vote-time", foot);
  time.setAttribute("role", "timer");
  const buttons = made("span", "lc-vote-actions", foot);

  const page = made("button", "lc-choice-button lc-vote-page", foot);
  page.type = "button";
  const poster = made("dialog", "lc-vote-poster", box);
  poster.setAttribute("aria-label", "Vote by phone");
  page.addEventListener("click", () => {
    const { address, qr } = model.get("page");
    poster.innerHTML = qr;
    made("p", "", poster).textContent = address;
    poster.showModal();
  });
  poster.addEventListener("click", () => poster.close());
  poster.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (["Escape", "Enter", " ", "PageDown", "PageUp"].includes(event.key)) {
      event.preventDefault();
      poster.close();
    }
  });

  const tick = () => {
    const left = vote?.until ? Math.max(0, Math.ceil(vote.until - Date.now() / 1000)) : null;
    time.textContent = left === null ? "" : left ? clock(left) : "Time is up.";
  };
  const ticking = setInterval(tick, 250);

  box.addEventListener("keydown", (event) => {
    if (!vote || event.ctrlKey || event.metaKey || event.altKey) return;
    const letter = event.key.toUpperCase();
    if (vote.state === "open" && options.some((one) => one.letter === letter)) step(letter, event.shiftKey ? -1 : 1);
    // A key that is held down presses a button once.
    else if (event.repeat && ["Enter", " "].includes(event.key)) event.preventDefault();
  });

  function show(now, marks, right) {
    vote = now;
    const { address } = model.get("page") ?? {};
    rows.hidden = time.hidden = note.hidden = buttons.hidden = !vote;
    page.hidden = !address || !["ready", "open"].includes(vote?.state);
    if (!vote) return;
    page.textContent = `${address} (QR code)`;
    note.textContent = vote.note;
    const held = document.activeElement;
    const most = Math.max(1, ...vote.rounds.flatMap((round) => Object.values(round)));
    for (const { row, steps, mark, count, key, letter } of lines) {
      steps.hidden = vote.state !== "open";
      mark.textContent = marks[key] ? ` ${marks[key]}` : "";
      const counts = vote.shown ? vote.rounds.map((round) => round[letter]) : [];
      count.textContent = counts.join(" → ");
      counts.forEach((one, place) => row.style.setProperty(`--lc-share-${place + 1}`, one / most));
      row.classList.toggle("lc-vote-1", counts.length === 1);
      row.classList.toggle("lc-vote-2", counts.length === 2);
      row.classList.toggle("lc-choice-right", Boolean(right) && key === right);
    }
    vote.actions.forEach(([action, label], place) => {
      const button = buttons.children[place] ?? made("button", "lc-choice-button", buttons);
      button.type = "button";
      button.textContent = label;
      button.hidden = false;
      // The second click of a double click does not count: it would close what the first one opened.
      button.onclick = (event) => event.detail < 2 && send({ do: action, at: vote.at });
    });
    [...buttons.children].slice(vote.actions.length).forEach((button) => (button.hidden = true));
    // After the last close the keys are the slide's again.
    if (vote.shown && box.contains(held)) box.closest(".jp-Deck .jp-Cell")?.focus();
    tick();
  }
  return { show, stop: () => clearInterval(ticking) };
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

// One for each question, however many cells show it: it tells the presenter's window of the votes, and does what that
// window asks for.
function initialize({ model }) {
  let channel = null;
  const { id } = model.get("question");
  const tell = () => {
    const { vote, status } = model.get("standing");
    if (vote && channel) channel.postMessage({ votes: { id, status, ...vote } });
  };
  const follow = () => {
    if (!channel && model.get("standing").vote) {
      channel = new BroadcastChannel(CHANNEL);
      channel.onmessage = ({ data }) => {
        if (data?.ask === "votes") tell();
        // After a restart, the card of the old kernel is still in the page: it does not obey.
        if (data?.vote?.id === id && data.vote.kernel === model.get("standing").vote?.kernel) model.send(data.vote);
      };
    }
    tell();
  };
  model.on("change:standing", follow);
  follow();
  return () => {
    model.off("change:standing", follow);
    channel?.close();
  };
}
