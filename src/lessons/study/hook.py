"""The tie to the notebook: when a cell with `# Answers leaks-p1` has run, the reply stands under it."""

from __future__ import annotations

import re
import sys
from typing import Any

from lessons.study import predictions

_MADE = re.compile(r"^(?:async +def|def|class) +(\w+)|^(\w+) *=(?!=)", re.MULTILINE)

_failed: dict[str, str] = {}
"""By name: the error of the newest cell that makes it at its top level, if that cell failed."""


def failed(name: str) -> str:
    """The error of the newest run of a cell that makes this name, "" if it did not fail.

    Such a name, if it is there, was made by an earlier run.
    """
    return _failed.get(name, "")


def _note(source: str, error: BaseException | None) -> None:
    for by_word, by_sign in _MADE.findall(source):
        _failed.pop(by_word or by_sign, None)
        if error is not None:
            text = str(error).strip().splitlines()
            _failed[by_word or by_sign] = type(error).__name__ + (f", {text[0][:100]}" if text else "")


def _after_cell(result: Any) -> None:
    source = getattr(getattr(result, "info", None), "raw_cell", None)
    if not isinstance(source, str):
        return
    _note(source, result.error_before_exec or result.error_in_exec)
    if "nswers" not in source:
        return
    cards = predictions.ran(source)
    if cards:
        from IPython.display import display

        for shown in cards:
            display(shown)  # type: ignore[no-untyped-call]


def in_notebook() -> bool:
    """Whether this process runs cells, of a notebook or of IPython."""
    return _shell() is not None


def _shell() -> Any:
    # Outside a notebook IPython is not imported on purpose: `lessons.study` must load fast there.
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def attach() -> bool:
    """Listen to the running notebook's cells; False where there is none. A second call changes nothing."""
    shell = _shell()
    if shell is None:
        return False
    for callback in list(shell.events.callbacks["post_run_cell"]):
        if getattr(callback, "__module__", "") == __name__:
            shell.events.unregister("post_run_cell", callback)
    shell.events.register("post_run_cell", _after_cell)
    return True
