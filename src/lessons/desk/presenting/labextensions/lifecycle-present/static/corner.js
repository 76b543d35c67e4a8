// What is over the slides: the number of this one and of all in a corner, the overview, and the black screen.

import { current, heading, slides } from "./deck.js";

const STEPS = { ArrowUp: -1, ArrowLeft: -1, PageUp: -1, ArrowDown: 1, ArrowRight: 1, PageDown: 1 };

function made(name, className, parent) {
  const element = document.createElement(name);
  element.className = className;
  parent.append(element);
  return element;
}

/** A black screen, which a click takes away. */
export function blackScreen() {
  const black = made("div", "lc-black", document.body);
  black.hidden = true;
  black.addEventListener("click", () => (black.hidden = true));
  return black;
}

/**
 * The corner and the overview. `shown` returns the panel in view, or null; `jump` goes to a slide, and `left` returns the
 * number of the slide that the last jump left, if any. Returns what opens and what updates.
 */
export function corner(shown, jump, left) {
  const place = made("button", "lc-corner", document.body);
  place.type = "button";
  place.title = "Overview of the slides (o)";
  const overview = made("dialog", "lc-overview", document.body);
  overview.setAttribute("aria-label", "Slides of this lesson");
  const list = made("ol", "", overview);

  function update() {
    const panel = shown();
    place.hidden = !panel;
    if (!panel) return;
    const all = slides(panel.content);
    const index = current(panel.content, all);
    place.textContent = `${index + 1}/${all.length}`;
    place.setAttribute("aria-label", `Slide ${index + 1} of ${all.length}: overview`);
  }

  function open() {
    const { content } = shown();
    const all = slides(content);
    list.replaceChildren();
    all.forEach((slide, index) => {
      const button = made("button", "", made("li", "", list));
      button.type = "button";
      button.textContent = heading(slide);
      // The key that leads back, after End was pressed by mistake or an earlier slide was shown again.
      if (index === left()) {
        button.append(" ");
        made("kbd", "", button).textContent = "Backspace";
      }
      button.addEventListener("click", () => {
        overview.close();
        jump(index);
      });
    });
    const here = list.children[current(content, all)].firstChild;
    here.setAttribute("aria-current", "true");
    overview.showModal();
    here.focus();
  }

  overview.addEventListener("keydown", event => {
    event.stopPropagation();
    const buttons = [...list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const wanted = { Home: 0, End: buttons.length - 1 }[event.key] ?? at + STEPS[event.key];
    if (wanted in buttons) buttons[wanted].focus();
    if (event.key === "o") overview.close();
    if (event.key === "Backspace") list.querySelector("kbd")?.parentElement.click();
    if (event.key === "o" || event.key in STEPS || event.key === "Home" || event.key === "End") event.preventDefault();
  });
  place.addEventListener("click", open);
  return { open, update };
}
