"""The link to the notebook: after a cell with `# Answers leaks-p1` has run, the reply appears under it."""

from __future__ import annotations

import re
import sys
from typing import Any

from lessons.study import predictions

_MADE = re.compile(r"^(?:async +def|def|class) +(\w+)|^(\w+) *=(?!=)", re.MULTILINE)

_failed: dict[str, str] = {}
"""For each name: the error of the newest cell that defines it at top level, if that cell failed."""


def failed(name: str) -> str:
    """The error of the newest run of a cell that defines this name; "" if it did not fail.

    If such a name exists, it comes from an earlier run.
    """
    return _failed.get(name, "")


def _note(source: str, error: BaseException | None) -> None:
    for by_word, by_sign in _MADE.findall(source):
        _failed.pop(by_word or by_sign, None)
        if error is not None:
            told = str(error)
            if isinstance(error, SyntaxError) and error.lineno:
                told = f"{error.msg} (line {error.lineno})"  # its text names a file that no student knows
            text = told.strip().splitlines()
            _failed[by_word or by_sign] = type(error).__name__ + (f", {text[0][:100]}" if text else "")


class _Heard:
    """A stream that works as before, and stores what is written to it."""

    def __init__(self, below: Any) -> None:
        self.below = below
        self.kept: list[str] = []

    def write(self, text: str) -> Any:
        self.kept.append(text)
        return self.below.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)


_heard: list[_Heard] = []


def _before_cell(info: Any) -> None:
    _quiet()
    if predictions.answered(_source(info)):
        _heard.append(_Heard(sys.stdout))
        sys.stdout = _heard[0]


def _quiet() -> str:
    """Restore the stream, and return what was written to it."""
    written = ""
    while _heard:
        heard = _heard.pop()
        written = "".join(heard.kept)
        if sys.stdout is heard:
            sys.stdout = heard.below
    return written


def _after_cell(result: Any) -> None:
    written = _quiet()
    source = _source(getattr(result, "info", None))
    if not source:
        return
    error = result.error_before_exec or result.error_in_exec
    _note(source, error)
    if not predictions.answered(source):
        return
    for shown in predictions.ran(source, written + _ended(result.result, error)):
        from IPython.display import display

        display(shown)  # type: ignore[no-untyped-call]
    choice = sys.modules.get("lessons.study.choice")
    if choice is not None:
        choice.refresh(predictions.answered(source))


def _source(info: Any) -> str:
    source = getattr(info, "raw_cell", None)
    return source if isinstance(source, str) else ""


def _ended(value: object, error: BaseException | None) -> str:
    """A cell's result or its error, as text."""
    if error is not None:
        return f"raised {type(error).__name__}: {error}\n"
    if value is None:
        return ""
    shown, _ = _shell().display_formatter.format(value, include={"text/plain"})
    return f"{shown.get('text/plain', '')}\n"


def in_notebook() -> bool:
    """Whether this process runs cells of a notebook or of IPython."""
    return _shell() is not None


def in_kernel() -> bool:
    """Whether there may be a front end that shows widgets."""
    return hasattr(_shell(), "kernel")


def _shell() -> Any:
    # Outside a notebook, IPython is deliberately not imported, because `lessons.study` must load fast.
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def attach() -> bool:
    """Listen to the running notebook's cells; returns False if there is no notebook.

    A second call changes nothing.
    """
    shell = _shell()
    if shell is None:
        return False
    for event, ours in (("pre_run_cell", _before_cell), ("post_run_cell", _after_cell)):
        for callback in list(shell.events.callbacks[event]):
            if getattr(callback, "__module__", "") == __name__:
                shell.events.unregister(event, callback)
        shell.events.register(event, ours)
    return True
