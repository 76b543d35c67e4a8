async cellNumbers => {
  // Parts of the screen's height that letters must have at least, and the columns that code may have.
  const TEXT = 1 / 32, CODE = 1 / 40, ANY = 1 / 45, COLUMNS = 72;
  const SETTLED = 5, TRIES = 120; // frames

  const notebook = window.jupyterapp.shell.currentWidget.content;
  const cells = cellNumbers.map(number => notebook.widgets[number].node);
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const screen = { width: window.innerWidth, height: window.innerHeight };
  const faults = new Set();
  const about = one => {
    const words = (one.textContent || one.value || one.alt || "").trim().replace(/\s+/g, " ").slice(0, 32);
    return `${one.tagName.toLowerCase()}${words ? ` "${words}"` : ""}`;
  };

  // Labs and figures draw themselves again when they learn how much room there is.
  const scrolled = [...document.querySelectorAll(".jp-Deck .jp-Notebook, .jp-Deck .jp-WindowedPanel-outer")];
  let before = "", same = 0;
  for (let tries = 0; same < SETTLED && tries < TRIES; tries++) {
    await frame();
    scrolled.forEach(one => { one.scrollTop = 0; });
    const drawn = [...document.images].every(one => one.complete);
    const now = cells.map(one => Math.round(one.getBoundingClientRect().bottom)).join() + drawn;
    same = now === before && drawn ? same + 1 : 0;
    before = now;
  }

  const visible = one =>
    one.checkVisibility({ opacityProperty: false, visibilityProperty: true, contentVisibilityAuto: true }) &&
    !one.closest(".lc-sr, .cv-probe, [aria-hidden=true] > canvas, .MathJax_Preview, .jp-Toolbar, option");

  const height = Math.ceil(Math.max(...cells.map(one => one.getBoundingClientRect().bottom)));
  const over = Math.max(0, height - screen.height);
  if (over) {
    faults.add(`too high: ${over} px over`);
  }

  if (!cells.some(cell => [...cell.querySelectorAll(":is(h1, h2, h3, h4, h5, h6)")].some(visible))) {
    faults.add("no heading");
  }

  // Letters.
  let smallest = Infinity;
  const small = new Map();
  const scale = one => {
    const matrix = one.ownerSVGElement ? one.getScreenCTM() : null;
    return matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : (one.currentCSSZoom ?? 1);
  };
  const least = one => {
    if (one.closest(".lifecycle-lab, .jupyter-widgets, img, svg, table, button, select, sup, sub, figcaption")) {
      return ["letters", ANY];
    }
    if (one.closest(".cm-content, pre, code")) {
      return ["code", CODE];
    }
    return one.closest(".jp-RenderedMarkdown, .jp-RenderedHTMLCommon") ? ["text", TEXT] : ["letters", ANY];
  };
  const letters = (one, size) => {
    const [kind, part] = least(one);
    smallest = Math.min(smallest, size);
    // A tenth of a pixel is how exactly a browser computes sizes.
    if (size < part * screen.height - 0.1) {
      const fault = `${kind} of ${size.toFixed(1)} px, at least ${(part * screen.height).toFixed(1)}`;
      small.set(fault, [...(small.get(fault) || []), about(one)]);
    }
  };
  for (const cell of cells) {
    const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      const one = words.currentNode.parentElement;
      if (!words.currentNode.data.trim() || !visible(one)) continue;
      const range = document.createRange();
      range.selectNodeContents(words.currentNode);
      const box = range.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) continue;
      letters(one, parseFloat(getComputedStyle(one).fontSize) * scale(one));
    }
    for (const one of cell.querySelectorAll("select, textarea, input:not([type]), input:is([type=text], [type=number])")) {
      if (visible(one)) {
        letters(one, parseFloat(getComputedStyle(one).fontSize) * scale(one));
      }
    }
    // The letters of a drawing that is shown as a picture.
    for (const one of [...cell.querySelectorAll("img")].filter(visible)) {
      if (!/\.svg|image\/svg/.test(one.src)) continue;
      const source = await (await fetch(one.src)).text();
      const drawing = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
      const wide = parseFloat((drawing.getAttribute("viewBox") || "").split(/[\s,]+/)[2] || drawing.getAttribute("width"));
      const drawn = one.getBoundingClientRect().width / wide;
      const sizes = [...source.matchAll(/font-size\s*[=:]\s*["']?\s*([\d.]+)|font:[^;"']*?([\d.]+)px/g)]
        .map(([, attribute, shorthand]) => parseFloat(attribute || shorthand));
      if (sizes.length) {
        letters(one, Math.min(...sizes) * drawn);
      }
    }
  }

  for (const [fault, [one, ...others]] of small) {
    faults.add(`${fault}: ${one}${others.length ? ` and ${others.length} more` : ""}`);
  }

  // What is cut off, scrolls, or sticks out.
  for (const cell of cells) {
    for (const one of [cell, ...cell.querySelectorAll("*")]) {
      if (!visible(one) || one.closest("svg *, select, .cm-cursorLayer, .cm-selectionLayer")) continue;
      const box = one.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) continue;
      if (box.right > screen.width + 1 || box.left < -1) {
        faults.add(`sticks out of the screen: ${about(one)}`);
        break;
      }
      const style = getComputedStyle(one);
      const wide = one.scrollWidth - one.clientWidth, high = one.scrollHeight - one.clientHeight;
      if (one.clientWidth && style.overflowX !== "visible" && wide > 1) {
        faults.add(`cut off or scrolled by ${wide} px in width: ${about(one)}`);
      }
      if (one.clientHeight && style.overflowY !== "visible" && high > 2) {
        faults.add(`cut off or scrolled by ${high} px in height: ${about(one)}`);
      }
    }
    for (const line of cell.querySelectorAll(".cm-line")) {
      const row = parseFloat(getComputedStyle(line).lineHeight);
      if (visible(line) && line.textContent.length <= COLUMNS && line.clientHeight > 1.5 * row) {
        faults.add(`wrapped: ${about(line)}`);
      }
    }
    for (const said of [...cell.querySelectorAll("pre")].filter(visible)) {
      const lines = said.textContent.replace(/\n$/, "").split("\n");
      const row = parseFloat(getComputedStyle(said).lineHeight);
      const space = parseFloat(getComputedStyle(said).paddingTop) + parseFloat(getComputedStyle(said).paddingBottom);
      if (lines.every(line => line.length <= COLUMNS) && said.clientHeight - space > (lines.length + 0.7) * row) {
        faults.add(`wrapped: ${about(said)}`);
      }
    }
  }
  return { height, over, smallest: screen.height / smallest, faults: [...faults] };
}
