// The place in each lesson, kept by the server among JupyterLab's workspaces: a reload, a second window and another
// browser find it there. It is forgotten when the next presentation begins.

const NAME = "lifecycle-present";

/** The memory of places; `workspaces` is the manager of JupyterLab. */
export function memory(workspaces) {
  const stored = workspaces.fetch(NAME).then(({ data }) => ({ places: {}, last: null, ...data }));
  let saving = Promise.resolve();
  let waiting = false;

  async function save(places) {
    waiting = false;
    await workspaces.save(NAME, { data: places, metadata: { id: NAME } });
  }

  return {
    /** The lesson that was shown last, as its path, or null. */
    last: async () => (await stored).last,

    /** Go to where the lesson of this panel was left. */
    async restore({ context, content }) {
      const id = (await stored).places[context.path];
      const index = content.widgets.findIndex(cell => cell.model.id === id);
      if (index >= 0) content.activeCellIndex = index;
    },

    /** Remember where this panel is. */
    async remember({ context, content }) {
      const places = await stored;
      places.last = context.path;
      places.places[context.path] = content.activeCell.model.id;
      if (waiting) return;
      waiting = true;
      saving = saving.then(() => save(places)).catch(console.warn);
    },
  };
}
