// Follows the slides in another window of this browser. What they publish, and what they obey, is described in
// channel.js of the slides, and in vote.js for the votes.

const channel = new BroadcastChannel("lifecycle-present");
const at = id => document.getElementById(id);
const lessons = {}; // by name, as the server tells them: notes, answers and planned times
const votes = {}; // by question, the newest state
let place = null; // what the slides published last

const minutes = seconds => {
  const whole = Math.abs(Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};
const now = () => Date.now() / 1000;

// The clock of each lesson is stored in the browser, so that it survives a reload.
const kept = {
  get: () => JSON.parse(localStorage.getItem(`lifecycle-presenter-${place?.lesson}`) ?? "{}"),
  set: values => localStorage.setItem(`lifecycle-presenter-${place?.lesson}`, JSON.stringify({ ...kept.get(), ...values })),
};

function made(name, parent, text = "", className = "") {
  const element = document.createElement(name);
  element.innerHTML = text;
  if (className) element.className = className;
  parent.append(element);
  return element;
}

const slides = () => lessons[place?.lesson]?.slides ?? [];
// A teacher may have moved a cell: any cell that is on the slide tells which slide it is.
const slideOf = cells => slides().find(one => one.cells.some(id => cells.includes(id)));

async function follow(heard) {
  const before = place;
  place = heard;
  if (!lessons[place.lesson]) {
    const answer = await fetch(`presenter/notes/${encodeURIComponent(place.lesson)}`);
    lessons[place.lesson] = answer.ok ? await answer.json() : { slides: [], minutes: 0 };
  }
  if (place !== heard) return; // the slides went on meanwhile
  // The lesson has begun when the first slide is left.
  if (before && before.lesson === place.lesson && before.index === 0 && place.index === 1 && !elapsed(kept.get())) start();
  if (before?.lesson !== place.lesson || String(before?.cells) !== String(place.cells)) show();
  tick();
}

function show() {
  const slide = slideOf(place.cells);
  at("place").textContent = `${place.lesson} · slide ${place.index + 1} of ${place.count}`;
  document.title = `${place.index + 1}/${place.count} ${place.heading} · presenter's window`;
  at("heading").innerHTML = slide?.heading || "";
  if (!slide?.heading) at("heading").textContent = place.heading;
  const said = at("said");
  said.replaceChildren();
  for (const [name, title] of [["show", "Show"], ["pair", "For two"], ["wrong", "Goes wrong"], ["none", "No notes"]]) {
    if (slide?.[name]) made("p", said, `<b>${title}</b> ${slide[name]}`);
  }
  if (!slide) made("p", said, "This slide has no notes.");
  at("task").hidden = !slide?.minutes;
  at("asked").replaceChildren(...(slide?.asked ?? []).map(question));
  const next = place.nextCells.length ? slideOf(place.nextCells) : null;
  at("next-heading").textContent = place.nextHeading === null ? "This is the last slide." : `Next: ${place.nextHeading}`;
  at("next").innerHTML = next?.text ?? "";
}

// A question: its right answer, the beliefs, and the votes, which the class does not see yet.
function question({ id, prompt, options }) {
  const box = document.createElement("div");
  box.className = "about";
  box.dataset.question = id;
  const answer = options.find(one => one.right).letter;
  made("p", box, `<b>${id}: ${answer}</b> ${prompt}`);
  const bar = made("div", box, "", "vote");
  ["b", "b", "span"].forEach(name => made(name, bar));
  bar.children[1].setAttribute("role", "timer");
  for (const { letter, text, right, belief, reply, grain } of options) {
    const row = made("div", box, "", right ? "option right" : "option");
    row.dataset.letter = letter;
    made("b", row, right ? `${letter} ✓` : letter);
    made("span", row, text);
    made("span", row, "", "numbers");
    made("span", row, "", "bars");
    const why = right ? reply : `${belief ? `<em>${belief}</em> ` : ""}${grain ? `What is right in it: ${grain}` : reply}`;
    made("span", row, why, "why");
  }
  box.refresh = () => counted(box, bar, votes[id]);
  box.refresh();
  return box;
}

function counted(box, bar, vote) {
  const [status, , actions] = bar.children;
  bar.hidden = !vote;
  if (!vote) return;
  status.textContent = [vote.status, vote.note].filter(Boolean).join(" ");
  const tell = more => channel.postMessage({ vote: { id: vote.id, kernel: vote.kernel, ...more } });
  vote.actions.forEach(([action, label], place) => {
    const button = actions.children[place] ?? made("button", actions);
    button.textContent = label;
    button.hidden = false;
    button.onclick = event => event.detail < 2 && tell({ do: action, at: vote.at });
  });
  [...actions.children].slice(vote.actions.length).forEach(button => (button.hidden = true));
  const most = Math.max(1, ...vote.rounds.flatMap(round => Object.values(round)));
  for (const row of box.querySelectorAll(".option")) {
    const { letter } = row.dataset;
    const numbers = row.querySelector(".numbers");
    const counts = vote.rounds.map(round => round[letter]);
    let input = numbers.querySelector("input");
    if (vote.state !== "open") numbers.textContent = counts.join(" → ");
    else {
      if (!input) {
        numbers.textContent = "";
        input = made("input", numbers);
        Object.assign(input, { type: "number", min: 0 });
        input.setAttribute("aria-label", `Hands for ${letter}`);
        made("span", numbers);
        input.oninput = () => input.value !== "" && tell({ letter, hands: Math.trunc(Number(input.value)) });
      }
      if (document.activeElement !== input) input.value = vote.hands[letter];
      const phones = counts.at(-1) - vote.hands[letter];
      numbers.querySelector("span").textContent = phones ? ` + ${phones} by phone` : "";
    }
    row.querySelector(".bars").replaceChildren(
      ...counts.map(count => {
        const span = document.createElement("span");
        span.style.width = `${(100 * count) / most}%`;
        return span;
      })
    );
  }
}

// --- the clock: `elapsed` seconds until `since`, and on from there while it runs

const elapsed = ({ elapsed = 0, since = null }) => elapsed + (since === null ? 0 : now() - since);

function start() {
  const { since = null, elapsed: before = 0 } = kept.get();
  kept.set(since === null ? { since: now(), elapsed: before } : { since: null, elapsed: elapsed(kept.get()) });
  tick();
}

function pace(slide, spent) {
  if (!slide?.part) return "";
  if (spent < slide.begin) return `${minutes(slide.begin - spent)} ahead of the plan`;
  return spent > slide.end ? `${minutes(spent - slide.end)} behind the plan` : "on time";
}

function tick() {
  if (!place) return;
  const state = kept.get();
  const spent = elapsed(state);
  const slide = slideOf(place.cells);
  const whole = lessons[place.lesson]?.minutes;
  at("clock").textContent = minutes(spent);
  at("of").textContent = whole ? `of ${whole}:00` : "";
  at("start").textContent = state.since === null || state.since === undefined ? (spent ? "Go on" : "Start the clock") : "Pause";
  at("pace").textContent = spent ? pace(slide, spent) : "";
  if (slide?.part) {
    const { title, begin, seconds } = slide.part;
    const entered = state.entered ?? {};
    if (spent && !(title in entered)) {
      entered[title] = spent;
      kept.set({ entered });
    }
    const here = title in entered ? spent - entered[title] : 0;
    at("part").textContent = `${title}: ${minutes(here)} of ${minutes(seconds)}, until ${minutes(begin + seconds)}`;
  } else at("part").textContent = "";
  const task = state.until;
  const left = task === undefined || task === null ? 60 * (slide?.minutes ?? 0) : task - now();
  at("left").textContent = left < 0 ? `−${minutes(left)}` : minutes(Math.ceil(left));
  at("left").classList.toggle("over", left < 0);
  // A countdown goes on when the slide is left, because the class may look at the next one while it works.
  at("task").hidden = !slide?.minutes && (task === undefined || task === null);
  for (const box of at("asked").children) {
    const until = votes[box.dataset.question]?.until;
    box.querySelector("[role=timer]").textContent = until ? minutes(Math.max(0, Math.ceil(until - now()))) : "";
  }
}

at("start").onclick = start;
at("zero").onclick = () => { kept.set({ elapsed: 0, since: null, entered: {} }); tick(); };
at("count").onclick = () => { kept.set({ until: now() + 60 * (slideOf(place.cells)?.minutes || 1) }); tick(); };
at("longer").onclick = () => {
  const { until = null } = kept.get();
  kept.set({ until: Math.max(until ?? now() + 60 * (slideOf(place.cells)?.minutes ?? 0), now()) + 30 });
  tick();
};
at("stop").onclick = () => { kept.set({ until: null }); tick(); };
// Another window may show another lesson.
const turn = said => channel.postMessage({ ...said, lesson: place?.lesson });
at("back").onclick = () => turn({ move: -1 });
at("on").onclick = () => turn({ move: 1 });
// A clicker turns the slides and makes the screen black, whichever window has the focus. So do the other keys of the
// slides, except on a control that uses them itself.
const CLICKER = { PageDown: { move: 1 }, PageUp: { move: -1 } };
const KEYS = {
  ...CLICKER, ".": { blank: true }, "b": { blank: true }, "Shift+Enter": { run: true }, " ": { move: 1 },
  "Shift+ ": { move: -1 }, "ArrowRight": { move: 1 }, "ArrowDown": { move: 1 }, "ArrowLeft": { move: -1 },
  "ArrowUp": { move: -1 },
};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = event.shiftKey && [" ", "Enter"].includes(key) ? `Shift+${key}` : key;
  const press = event.target.matches("button") && key === " ";
  const said = event.target.matches("input") || press ? CLICKER[name] : KEYS[name];
  if (!said) return;
  event.preventDefault();
  // A key that is held down turns slides, and does nothing else again and again.
  if (said.move || !event.repeat) turn(said);
});

channel.onmessage = ({ data }) => {
  if (data?.votes) {
    // After a restart, the card of the old kernel still tells of its votes.
    if (votes[data.votes.id]?.kernel > data.votes.kernel) return;
    votes[data.votes.id] = data.votes;
    for (const box of at("asked").children) if (box.dataset.question === data.votes.id) box.refresh();
    tick();
  } else if (data?.lesson && data.cells) follow(data);
};
channel.postMessage({ ask: "where" });
channel.postMessage({ ask: "votes" });
setInterval(tick, 500);
setTimeout(() => {
  if (!place) at("place").textContent = "No slides found. Open the lesson's slides in this browser, and turn a slide.";
}, 3000);
