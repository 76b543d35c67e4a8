// The judge's worker: a Python of its own, in which `lessons.judge.worker.serve` judges one answer.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const PACKAGES = ["lifecycle", "sqlalchemy", "typing-extensions", "attrs", "platformdirs"];

async function started() {
  const pyodide = await loadPyodide({
    indexURL: new URL("./pyodide/", import.meta.url).href,
    packages: PACKAGES,
    stdin: () => null,
    stdout: () => {},
    stderr: () => {},
  });
  pyodide.runPython("import sys; from lessons import browser; sys.setrecursionlimit(browser.JUDGE_RECURSION)");
  return pyodide.pyimport("lessons.judge.worker");
}

function gone() {
  postMessage(JSON.stringify({ gone: true }));
}

const beginning = started();

onmessage = async (event) => {
  try {
    (await beginning).serve(event.data, (told) => postMessage(told));
  } catch {
    // Python has ended, for example because the answer calls itself without end.
    gone();
  }
};

beginning.then(() => postMessage(JSON.stringify({ ready: true })), gone);
