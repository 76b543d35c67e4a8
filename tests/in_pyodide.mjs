// Starts Pyodide and runs requests in it: one line of JSON in, one line of JSON out, until the input ends.
// Arguments: the folder of the npm package, then the archives to unpack where Python looks for packages.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, ...archives] = process.argv.slice(2);

// Names that the code sets are its own: each request starts with an empty namespace.
const RUNNER = `
import contextlib, io, json, traceback
from pyodide.code import eval_code

def answered(request):
    asked = json.loads(request)
    names = {"__name__": "__main__", **asked["given"]}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            told = {"value": json.loads(json.dumps(eval_code(asked["code"], names)))}
        except BaseException:
            told = {"raised": traceback.format_exc()}
    return json.dumps(told | {"printed": printed.getvalue()})

answered
`;

async function started() {
  const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
  // What is printed outside of a request belongs to no answer, and must not get between the lines. There is no input.
  const pyodide = await loadPyodide({ stdin: () => null, stdout: () => {}, stderr: () => {} });
  const site = pyodide.runPython("import site; site.getsitepackages()[0]");
  for (const archive of archives) {
    pyodide.unpackArchive(new Uint8Array(readFileSync(archive)), "zip", { extractDir: site });
  }
  pyodide.runPython("import sys; from lessons import browser; sys.setrecursionlimit(browser.JUDGE_RECURSION)");
  return pyodide.runPython(RUNNER);
}

function said(answer) {
  process.stdout.write(answer + "\n");
}

// Node prints the source line of an error that is not caught, and here it has a million characters.
function died(error) {
  const what = String(error?.message ?? error).trim().split("\n").at(-1).slice(0, 300);
  process.stdout.write(JSON.stringify({ died: what }) + "\n", () => process.exit(1));
}

try {
  const answered = await started();
  said(JSON.stringify({ value: "started", printed: "" }));
  for await (const request of createInterface({ input: process.stdin })) {
    said(answered(request));
  }
} catch (error) {
  died(error);
}
