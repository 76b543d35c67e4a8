// The slides of a notebook, as `slideshow` in the cells' metadata divides it. A slide begins at a cell of the type
// "slide" or "subslide". Each of its cells is one step, except those of the types "skip" and "notes".

const ELSEWHERE = ["skip", "notes"];
const BEGINS = ["slide", "subslide"];
const HEADING = /^#{1,6}\s+(.+)$/m;
const MARKUP = /[`*]|\[(.+?)\]\(.+?\)/g;

const slideType = cell => (cell.model.getMetadata("slideshow") || {}).slide_type || "-";
const tags = cell => cell.model.getMetadata("tags") || [];

export const isCode = cell => cell.model.type === "code";
export const has = (cell, tag) => tags(cell).includes(tag);
export const isShown = cell => !ELSEWHERE.includes(slideType(cell));
/** Whether a cell appears only with a step of its own, as an answer does. */
export const waits = cell => [...BEGINS, "fragment"].includes(slideType(cell));

/** The slides of a notebook widget, each a list of the cells that it shows. */
export function slides(notebook) {
  const found = [];
  for (const cell of notebook.widgets) {
    if (BEGINS.includes(slideType(cell)) || !found.length) found.push([]);
    if (isShown(cell)) found.at(-1).push(cell);
  }
  return found.filter(slide => slide.length);
}

/** The first heading on a slide, without markup; the beginning of its first cell if it has none. */
export function heading(slide) {
  const texts = slide.filter(cell => cell.model.type === "markdown").map(cell => cell.model.sharedModel.source);
  const found = texts.map(text => text.match(HEADING)?.[1]).find(Boolean);
  return (found ?? slide[0].model.sharedModel.source.split("\n")[0]).replace(MARKUP, "$1").trim();
}

/** The number of the slide in view among `all` slides, from 0. */
export function current(notebook, all) {
  const later = all.findIndex(([first]) => notebook.widgets.indexOf(first) > notebook.activeCellIndex);
  return Math.max(0, (later < 0 ? all.length : later) - 1);
}

/** Go to the slide with this number, from 0, or to the nearest one that there is. */
export function go(notebook, index) {
  const all = slides(notebook);
  const [first] = all[Math.min(Math.max(index, 0), all.length - 1)];
  notebook.activeCellIndex = notebook.widgets.indexOf(first);
}

/** Go some steps on (or back, if `steps` is negative). At either end nothing happens. */
export function move(notebook, steps) {
  const { widgets, activeCellIndex } = notebook;
  const way = Math.sign(steps);
  let index = activeCellIndex;
  for (let left = Math.abs(steps); left > 0; left--) {
    let next = index + way;
    while (widgets[next] && !isShown(widgets[next])) next += way;
    if (!widgets[next]) break;
    index = next;
  }
  if (index !== activeCellIndex) notebook.activeCellIndex = index;
}
