// Choices that are not committed yet. The browser keeps them, so a cell that is run twice, a restarted kernel or a
// reload loses nothing. If the browser refuses to store them, they last as long as the card.
function draft(name) {
  const key = `lifecycle-${name}`;
  return {
    read() {
      try {
        return JSON.parse(sessionStorage.getItem(key)) ?? {};
      } catch {
        return {};
      }
    },
    write(chosen) {
      try {
        if (chosen) sessionStorage.setItem(key, JSON.stringify(chosen));
        else sessionStorage.removeItem(key);
      } catch {}
    },
  };
}

