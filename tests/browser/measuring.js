// Measures slides: given the numbers of the cells on each one, says what of each does not fit the screen.
async slides => {
  // Parts of the screen's height that letters must have at least, and the columns that code may have.
  const TEXT = 1 / 32, CODE = 1 / 40, ANY = 1 / 45, COLUMNS = 72;
  // How much lighter one of text and ground must be than the other, as WCAG 2 counts it.
  const CONTRAST = 4.5;

  const notebook = window.jupyterapp.shell.currentWidget.content;
  const screen = { width: window.innerWidth, height: window.innerHeight };
  const pixels = (style, ...names) => names.reduce((sum, name) => sum + (parseFloat(style[name]) || 0), 0);
  const SVG_SIZES = /font-size\s*[=:]\s*["']?\s*([\d.]+)|font:[^;"']*?([\d.]+)px/g;

  const about = one => {
    const words = (one.textContent || one.value || one.alt || "").trim().replace(/\s+/g, " ").slice(0, 32);
    return `${one.tagName.toLowerCase()}${words ? ` "${words}"` : ""}`;
  };
  const visible = one =>
    one.checkVisibility({ opacityProperty: false, visibilityProperty: true, contentVisibilityAuto: true }) &&
    !one.closest(".lc-sr, .cv-probe, .jp-Toolbar, option");
  const hasRoom = one => {
    const box = one.getBoundingClientRect();
    return box.width >= 2 && box.height >= 2;
  };
  // An ancestor without any height shows nothing of what is in it.
  const folded = one => one.closest(".jp-Cell-inputWrapper")?.clientHeight === 0;

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

  // Every letter of a cell: the element it is in, and its size on the screen.
  async function* letters(cell) {
    const size = one => parseFloat(getComputedStyle(one).fontSize) * scale(one);
    const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (words.nextNode()) {
      const one = words.currentNode.parentElement;
      if (!words.currentNode.data.trim() || folded(one) || !visible(one)) continue;
      range.selectNodeContents(words.currentNode);
      if (hasRoom(range)) yield [one, size(one)];
    }
    for (const one of cell.querySelectorAll("select, textarea, input:not([type]), input:is([type=text], [type=number])")) {
      if (visible(one)) yield [one, size(one)];
    }
    for (const one of cell.querySelectorAll("img")) {
      // What is written in a picture is known where it is a drawing.
      if (!/\.svg|image\/svg/.test(one.src) || !visible(one)) continue;
      const source = await (await fetch(one.src)).text();
      const drawing = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
      const box = (drawing.getAttribute("viewBox") || "").split(/[\s,]+/);
      const drawn = one.getBoundingClientRect().width / parseFloat(box[2] || drawing.getAttribute("width"));
      const sizes = [...source.matchAll(SVG_SIZES)].map(([, attribute, short]) => parseFloat(attribute || short));
      if (sizes.length) yield [one, Math.min(...sizes) * drawn];
    }
  }

  async function small(cells) {
    let smallest = Infinity;
    const found = new Map();
    for (const cell of cells) {
      for await (const [one, size] of letters(cell)) {
        const [kind, part] = least(one);
        smallest = Math.min(smallest, size);
        // A tenth of a pixel is how exactly a browser computes sizes.
        if (size < part * screen.height - 0.1) {
          const fault = `${kind} of ${size.toFixed(1)} px, at least ${(part * screen.height).toFixed(1)}`;
          found.set(fault, [...(found.get(fault) || []), about(one)]);
        }
      }
    }
    const faults = [...found].map(([fault, [one, ...more]]) => `${fault}: ${one}${more.length ? ` and ${more.length} more` : ""}`);
    return [smallest, faults];
  }

  // A colour as red, green and blue from 0 to 255, and how opaque it is.
  const colour = text => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const laid = ({ rgb, alpha }, ground) => rgb.map((one, place) => alpha * one + (1 - alpha) * ground[place]);
  const light = rgb => {
    const [red, green, blue] = rgb.map(one => (one / 255 <= 0.04045 ? one / 3294.6 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  // What is behind an element, or null behind a picture or in a drawing, whose colours are not known here.
  function groundOf(one) {
    const layers = [];
    for (let at = one; at; at = at.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(at);
      if (at.ownerSVGElement || backgroundImage !== "none") return null;
      layers.push(colour(backgroundColor));
      if (layers.at(-1).alpha === 1) break;
    }
    return layers.reduceRight((ground, layer) => laid(layer, ground), [255, 255, 255]);
  }

  async function pale(cells) {
    const found = new Map();
    for (const cell of cells) {
      for await (const [one] of letters(cell)) {
        const ground = one.closest("img, :disabled") ? null : groundOf(one);
        if (!ground) continue;
        const lights = [light(laid(colour(getComputedStyle(one).color), ground)), light(ground)].sort((a, b) => b - a);
        const contrast = (lights[0] + 0.05) / (lights[1] + 0.05);
        if (contrast < CONTRAST) found.set(`contrast of ${contrast.toFixed(1)}, at least ${CONTRAST}`, about(one));
      }
    }
    return [...found].map(([fault, one]) => `${fault}: ${one}`);
  }

  function cut(cell) {
    const faults = [];
    for (const one of [cell, ...cell.querySelectorAll("*")]) {
      if (one.closest("svg *, select, .cm-cursorLayer, .cm-selectionLayer") || !one.textContent.trim()) continue;
      if (folded(one) || !hasRoom(one) || !visible(one)) continue;
      const box = one.getBoundingClientRect(), style = getComputedStyle(one);
      if (box.right > screen.width + 1 || box.left < -1) {
        return [...faults, `sticks out of the screen: ${about(one)}`];
      }
      for (const [side, size, flow] of [["width", "Width", "overflowX"], ["height", "Height", "overflowY"]]) {
        const more = one[`scroll${size}`] - one[`client${size}`];
        if (one[`client${size}`] && style[flow] !== "visible" && more > 2) {
          faults.push(`cut off or scrolled by ${more} px in ${side}: ${about(one)}`);
        }
      }
    }
    return faults;
  }

  // Lines that have room in 72 columns, and are shown on more than one row.
  function wrapped(cell) {
    const faults = [];
    for (const one of cell.querySelectorAll(".cm-line, pre:not(.cm-content *)")) {
      if (folded(one) || !visible(one)) continue;
      const style = getComputedStyle(one);
      const lines = one.textContent.replace(/\n$/, "").split("\n");
      const rows = (one.clientHeight - pixels(style, "paddingTop", "paddingBottom")) / parseFloat(style.lineHeight);
      if (rows > lines.length + 0.6 && lines.every(line => line.length <= COLUMNS)) {
        faults.push(`wrapped: ${about(one)}`);
      }
    }
    return faults;
  }

  // All slides at once, one below the other: to show them one by one would lay out the notebook as often.
  const shown = slides.map(cells => cells.map(number => notebook.widgets[number].node));
  shown.flat().forEach(cell => cell.classList.add("jp-deck-mod-onscreen", "jp-deck-mod-visible"));
  await SETTLE(shown.flat());

  const above = pixels(getComputedStyle(notebook.node), "paddingTop");
  const found = [];
  for (const [place, cells] of shown.entries()) {
    const top = cells[0].getBoundingClientRect().top, bottom = cells.at(-1).getBoundingClientRect().bottom;
    const height = Math.ceil(above + bottom - top);
    const over = Math.max(0, height - screen.height);
    const heading = cells.some(cell => [...cell.querySelectorAll(":is(h1, h2, h3, h4, h5, h6)")].some(visible));
    const [smallest, faults] = await small(cells);
    found.push({
      first: notebook.widgets[slides[place][0]].model.id,
      height,
      over,
      smallest: screen.height / smallest,
      faults: [
        ...(over ? [`too high: ${over} px over`] : []),
        ...(heading ? [] : ["no heading"]),
        ...faults,
        ...(await pale(cells)),
        ...new Set(cells.flatMap(cut)),
        ...new Set(cells.flatMap(wrapped)),
      ],
    });
  }
  return found;
}
