// The messages to and from the presenter's window. On this channel, each window with slides publishes
//
//   { lesson: "01_leaks", index: 3, count: 38, heading: "Two readings", cells: ["id", ...], at: "id",
//     nextHeading: "What is left open", nextCells: ["id", ...] }
//
// at each step, and when it has opened. `index` counts from 0, `cells` are the ids of the cells on the slide, and
// `at` is the one of them that is active. After the last slide there is no next one: `nextHeading` is null and
// `nextCells` is empty. The question { ask: "where" } is answered with the same. { move: 1 }, { move: -1 } and
// { go: index } turn the slides. { blank: true } makes the screen black, and brings it back; a turn brings it back, too.
// { run: true } runs the active cell. With a `lesson`, this is for the slides of that lesson only. A window that opens a
// lesson says { opened: path }.

import { current, heading, slides } from "./deck.js";

const NAME = "lifecycle-present";

const ids = slide => (slide || []).map(cell => cell.model.id);

/** The facts about a notebook panel that are published: its lesson and its slide. */
export function where(panel) {
  const all = slides(panel.content);
  const index = current(panel.content, all);
  const next = all[index + 1];
  return {
    lesson: panel.context.path.split("/").at(-1).replace(/\.ipynb$/, ""),
    index,
    count: all.length,
    heading: heading(all[index]),
    cells: ids(all[index]),
    at: panel.content.activeCell.model.id,
    nextHeading: next ? heading(next) : null,
    nextCells: ids(next),
  };
}

/**
 * Open the channel. `shown` returns the panel whose slides are in view, or null; `acts` are what the presenter's
 * window can ask for, and what to do when another window has opened a lesson. Returns what publishes the place, and what
 * says that this window has opened a lesson.
 */
export function listen(shown, acts) {
  const channel = new BroadcastChannel(NAME);
  const publish = () => {
    const panel = shown();
    if (panel) channel.postMessage(where(panel));
  };
  channel.onmessage = ({ data }) => {
    if (data.opened) acts.savedElsewhere(data.opened);
    const { lesson } = shown() ? where(shown()) : {};
    if (!lesson || (data.lesson ?? lesson) !== lesson) return;
    if (data.ask === "where") publish();
    if (Number.isInteger(data.move)) acts.move(data.move);
    if (Number.isInteger(data.go)) acts.go(data.go);
    if (data.blank) acts.blank();
    if (data.run) acts.run();
  };
  return { publish, opened: path => channel.postMessage({ opened: path }) };
}
