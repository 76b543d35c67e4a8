// Follow the vote: ask every few seconds whether there is something new, and then show it in place of the old.
const main = document.querySelector("main");
const news = document.querySelector("#news");
let half = {}; // for each question and round: an option that was chosen and not sent
let failed = 0;

function say(text, seen) {
  if (news.textContent !== text) news.textContent = text;
  news.className = seen ? "said" : "unseen";
}

function show(page) {
  const name = main.querySelector("[name=name]")?.value;
  const chosen = main.querySelector("input:checked:not([checked])")?.value;
  if (name && chosen) half = { [name]: chosen };
  const next = page.querySelector("main");
  main.replaceChildren(...next.childNodes);
  main.dataset.mark = next.dataset.mark;
  document.title = page.title;
  const again = half[main.querySelector("[name=name]")?.value];
  if (again) main.querySelector(`input[value="${again}"]`).checked = true;
  say(page.title, false);
}

async function look() {
  try {
    const told = await fetch("/", { headers: { "If-None-Match": main.dataset.mark } });
    if (told.ok) show(new DOMParser().parseFromString(await told.text(), "text/html"));
    else if (failed > 1) say("The page is here again.", false);
    failed = 0;
  } catch {
    failed += 1;
    if (failed > 1) say("The vote page does not answer. This page tries again by itself.", true);
  }
}

async function follow() {
  if (!document.hidden) await look();
  setTimeout(follow, 2000 + 1000 * Math.random());
}

document.addEventListener("visibilitychange", () => document.hidden || look());
setTimeout(follow, 2000);
