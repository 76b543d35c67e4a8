// The door of this extension: JupyterLab loads this file, which loads the style and the modules beside it.
// Lab loads it unchanged: the object at the end has the shape that a bundler would give it, so that presenting needs
// no build step and no Node.

const HERE = document.currentScript.src;
const SCOPE = "lifecycle-present";

// Figures are drawn with letters of 13 and 14 pixels: on a projector these are to be larger, as all the rest.
const LETTERS = 0.0245; // of the screen's height
const zoom = () => document.documentElement.style.setProperty("--lc-zoom", (LETTERS * window.innerHeight) / 13);
window.addEventListener("resize", zoom);
zoom();

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = new URL("slides.css", HERE);
document.head.append(style);

// Lab hands its own packages to `init`, each by name and version, and then asks for the extension.
let packages;
window._JUPYTERLAB = window._JUPYTERLAB || {};
window._JUPYTERLAB[SCOPE] = {
  init(shared) {
    packages = shared;
  },
  async get() {
    const lab = name => Object.values(packages[`@jupyterlab/${name}`])[0].get();
    const [{ plugin }, notebook, apputils] = await Promise.all([
      import(new URL("plugin.js", HERE)),
      lab("notebook"),
      lab("apputils"),
    ]);
    return () => ({ __esModule: true, default: plugin(notebook(), apputils()) });
  },
};
