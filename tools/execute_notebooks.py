"""Execute lesson notebooks in order and store them so that the same lesson gives the same bytes.

    python tools/execute_notebooks.py                     all lessons
    python tools/execute_notebooks.py notebooks/01_leaks.ipynb
    python tools/execute_notebooks.py --check             write nothing, fail if a stored lesson differs

Each notebook runs from cleared outputs in a fresh kernel, with a throw-away folder for progress. A cell that
raises without the tag `raises-exception` stops it, and the stored file stays as it was.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LESSONS = Path(__file__).resolve().parent.parent / "notebooks"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# The ids of widget models change from run to run, and a stored view shows nothing without its kernel.
PASSING = ("application/vnd.jupyter.widget-view+json",)
KEPT = ("tags", "slideshow", "jupyter")


def executed(path, *, twice=False):
    """The notebook at `path`, cleared and run in order; with `twice`, each cell once more after itself.

    Raises CellExecutionError for an error that no tag announces.
    """
    notebook = nbformat.read(path, as_version=4)
    if twice:
        notebook.cells = [copy for cell in notebook.cells for copy in _doubled(cell)]
    return run(notebook, path.parent)


def run(notebook, folder, *, allow_errors=False):
    """A notebook, cleared and run in order in a folder; `allow_errors`: an error does not stop it."""
    notebook = cleared(notebook)
    with tempfile.TemporaryDirectory() as home:
        # A student's own progress must not appear in a stored lesson, nor the lesson in the student's
        # progress.
        environment = {**os.environ, "LIFECYCLE_HOME": home}
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            store_widget_state=False,
            allow_errors=allow_errors,
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute(env=environment)
    return normalised(notebook)


def cleared(notebook):
    """The same notebook without outputs, counts and metadata from tools."""
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in KEPT if key in cell.metadata})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    return notebook


def normalised(notebook):
    """The executed notebook without parts that differ between runs or machines."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            for mime in PASSING:
                output.get("data", {}).pop(mime, None)
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
        cell.outputs = _joined(cell.outputs)
    return notebook


def text(cell):
    """The outputs of a cell as plain text: streams, results, and errors as `raised ValueError: …`."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(f"raised {output.ename}: {output.evalue}\n")
        else:
            parts.append(output.data.get("text/plain", "") + "\n")
    return "".join(parts)


def _joined(outputs):
    """Merge neighbouring pieces of one stream, because a kernel cuts it at random places."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _doubled(cell):
    if cell.cell_type != "code":
        return [cell]
    again = nbformat.from_dict(dict(cell))
    again.id = f"{cell.id[:58]}-again"
    return [cell, again]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all lessons")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a stored lesson differs")
    options = parser.parse_args(arguments)
    paths = options.notebooks or sorted(LESSONS.glob("[0-9]*.ipynb"))
    status = 0
    for path in (path.resolve() for path in paths):
        try:
            fresh = nbformat.writes(executed(path)) + "\n"
        except CellExecutionError as error:
            message = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
            print(f"{path.name}: a cell raised without the tag raises-exception\n{message}", file=sys.stderr)
            status = 1
            continue
        same = path.read_text(encoding="utf-8") == fresh
        if options.check and not same:
            print(
                f"{path.name}: what is stored is not what it shows now: run tools/execute_notebooks.py",
                file=sys.stderr,
            )
            status = 1
        elif not options.check and not same:
            path.write_text(fresh, encoding="utf-8")
        print(f"{path.name}: {'the same' if same else 'differs' if options.check else 'written'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
