"""What a notebook needs when its Python runs in a browser (Pyodide), with JupyterLite around it."""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Callable
from typing import Any

RECURSION = 400
"""Python's limit of nested calls in a browser.

With the usual 1,000, a recursion through `getattr` overflows the browser's own stack, and that ends Python.
Chromium's stack is large enough for 800.
"""
JUDGE_RECURSION = 200
"""The limit where answers are judged: a call there passes through the wire, and takes more of the stack."""

NEEDS_OS = {
    "further-files-run": (
        "A browser has no limit of open files to reach, and no sockets. On a computer, the cell shows that "
        "20 crashes use up 20 files or 20 sockets, and that PipelineContext keeps none of them open."
    ),
    "endings": (
        "A browser has no other processes. On a computer, the cell shows that __exit__ runs for the first "
        "three endings, and for none of the two signals."
    ),
    "production-executor": (
        "A browser has no threads. On a computer, the cell shows that Executor.map pulls the whole stream "
        "before you get the first result: 0 of 1,000 numbers are left in it."
    ),
    "leak-twin": (
        "A browser has no matplotlib for this picture. On a computer, it shows that restart 21 gets no "
        "connection if every exception is kept, and that PipelineContext frees the slot after each crash."
    ),
    "fault-map-twin": (
        "A browser has no matplotlib for this picture. On a computer, it shows every place where the job can "
        "fail, and that with PipelineContext nothing stays open after any of these failures."
    ),
    "notebooks-del-frees-proof": (
        "A browser has no other processes. On a computer, the cell shows 1: after del and gc.collect(), Out "
        "still holds the station that a cell has shown."
    ),
}
"""For cells that need an operating system, by the id of the cell: what they show on a computer."""


cells: list[str] = []
"""The cells that have run without an error in this kernel, in order."""


def here() -> bool:
    """Whether this Python runs in a browser."""
    return sys.platform == "emscripten"


def full_disk() -> Callable[[], None]:
    """Let no file in a browser's memory take another byte, as on a full disk. Returns what ends this."""
    files = importlib.import_module("pyodide_js").FS
    operations = files.filesystems.MEMFS.ops_table.file.stream
    usual = operations.write
    refuse = "return () => { throw new files.ErrnoError(number); }"
    function = importlib.import_module("js").Function
    operations.write = function.new("files", "number", refuse)(files, errno.ENOSPC)
    return lambda: setattr(operations, "write", usual)


def attach() -> bool:
    """Change what the kernel of JupyterLite does after an error; returns False if there is no such kernel.

    JupyterLite drops all waiting cells after any error, also when the cell's tag says that the error is
    expected. So such an error is shown as text, and the kernel reports success. A cell that needs an
    operating system also shows its sentence, and never an error.
    """
    kernel = sys.modules.get("pyodide_kernel.kernel")
    if kernel is None:
        return False
    plain = kernel.PyodideKernel.run
    if getattr(plain, "__module__", "") == __name__:
        return True
    sys.setrecursionlimit(RECURSION)

    async def run(self: Any, code: str) -> dict[str, Any]:
        results: dict[str, Any] = await plain(self, code)
        message = dict(self._parent_header)
        known = NEEDS_OS.get(str(message.get("metadata", {}).get("cellId", "")))
        if known is not None:
            _show(known)
        elif results["status"] == "error" and _expected(message):
            print("\n".join(results["traceback"]), file=sys.stderr)
        else:
            return results
        return {"status": "ok", "payload": results["payload"]}

    kernel.PyodideKernel.run = run
    shell = sys.modules["IPython"].get_ipython()
    shell.events.register("post_run_cell", _note)
    return True


def _show(text: str) -> None:
    """Show a sentence instead of what the cell has shown before it stopped.

    It is a card, because in a narrow window JupyterLab breaks printed lines inside words.
    """
    from IPython.display import clear_output, display

    from lessons.study.cards import sentence

    clear_output()  # type: ignore[no-untyped-call, unused-ignore]
    display(sentence(text))  # type: ignore[no-untyped-call, unused-ignore]


def _note(result: Any) -> None:
    if result.success and isinstance(getattr(result.info, "raw_cell", None), str):
        cells.append(result.info.raw_cell)


def _expected(message: dict[str, Any]) -> bool:
    """Whether a request allows an error: JupyterLab says so for a cell with the tag `raises-exception`."""
    return message.get("content", {}).get("stop_on_error") is False
