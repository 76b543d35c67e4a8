"""What this machine has for the lessons, what is missing, and what that means, in one sentence each."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lessons.study import predictions
from lessons.study.cards import Card, card, inline, sentence, wrapped

NEWEST = (3, 14)
"""The newest Python on which the lessons are tested. A Python before 3.11 cannot import this module."""

SHOWN = (
    "lifecycle", "ipykernel", "ipywidgets", "anywidget", "sqlalchemy", "matplotlib", "psutil", "jupyterlab",
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """The facts for the check. `versions` has None for a package that is not installed.

    `data` and `answers` are empty, or say why there is no data and why answers cannot be kept.
    """

    python: tuple[int, int]
    implementation: str
    platform: str
    versions: Mapping[str, str | None]
    data: str = ""
    answers: str = ""


@dataclass(frozen=True)
class Finding:
    """One finding. `needed` means that the lessons cannot begin without it."""

    here: bool
    sentence: str
    needed: bool = False


def environment(*, versions: bool = False) -> Card:
    """Say what this machine has for the lessons, what is missing, and what that means. Never raises.

    With `versions=True`, also show the versions, for a person who helps you.

    >>> environment()  # doctest: +ELLIPSIS
    here     Python 3.11 or newer...
    """
    try:
        machine = look()
        return _shown(findings(machine), _versions(machine) if versions else [])
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return sentence(f"The check itself failed ({reason}). Go on with the next cell.")


def look() -> Machine:
    """Examine the machine that this runs on."""
    return Machine(
        python=sys.version_info[:2],
        implementation=sys.implementation.name,
        platform=sys.platform,
        versions={name: _version(name) for name in SHOWN},
        data=_no_data(),
        answers=_unwritable(),
    )


def findings(machine: Machine) -> list[Finding]:
    """What a machine has and what is missing, in the order of the report."""
    return [
        _python(machine),
        _package(machine, "sqlalchemy", 2, "SQLAlchemy 2, for connections to a database."),
        _package(machine, "ipywidgets", 8, "ipywidgets 8, for the buttons of the labs."),
        _package(machine, "anywidget", 0, "anywidget, for the moving drawings of the labs."),
        _plots(machine),
        _system(machine),
        Finding(not machine.data, machine.data or "The weather data."),
        Finding(not machine.answers, machine.answers or "A folder for your answers, on this machine."),
    ]


def _python(machine: Machine) -> Finding:
    if machine.implementation != "cpython":
        return Finding(
            False,
            f"This Python is {machine.implementation}, not CPython. The lessons run, but what they say about "
            "when an object is deleted is true for CPython.",
        )
    if machine.python > NEWEST:
        found = ".".join(map(str, machine.python))
        return Finding(
            False,
            f"This is Python {found}; the lessons are tested with 3.11 to 3.14. Some texts may differ from "
            "the lessons, above all error messages.",
        )
    return Finding(True, "Python 3.11 or newer.")


def _package(machine: Machine, name: str, least: int, sentence: str) -> Finding:
    version = machine.versions[name]
    what = None
    if version is None:
        what = f"{name} is not installed, and the lessons cannot begin without it."
    elif int(version.partition(".")[0]) < least:
        what = f"{name} is here in version {version}, and the lessons need {least} or newer."
    if what is None:
        return Finding(True, sentence)
    return Finding(False, f"{what} `make lab` and `lifecycle lab` start them with all that.", needed=True)


def _plots(machine: Machine) -> Finding:
    if machine.versions["matplotlib"] is not None:
        return Finding(True, "matplotlib, for plots.")
    if machine.platform in ("emscripten", "wasi"):
        return Finding(
            False, "A browser has no matplotlib. A cell that draws a plot says what the plot shows."
        )
    return Finding(
        False,
        "matplotlib is not installed. A cell that draws a plot stops with an `ImportError`: go on with the "
        "next one.",
    )


def _system(machine: Machine) -> Finding:
    if machine.platform in ("emscripten", "wasi"):
        return Finding(
            False,
            "This Python runs in a browser: it has no other processes, no threads and no network. A cell "
            "that needs one says what it shows on a computer.",
        )
    if machine.platform == "darwin":
        return Finding(False, f"On macOS every lesson runs. {_NO_LIMIT}")
    if machine.platform != "win32":
        return Finding(True, "An operating system on which every lesson runs.")
    if machine.versions["psutil"] is None:
        return Finding(
            False,
            "psutil is not installed. On Windows the course counts open files with it: the cells that count "
            "them stop with an `ImportError`.",
        )
    return Finding(
        False,
        "On Windows the limit of open files cannot be lowered. Where a lesson runs out of files or "
        f"sockets, it says so and goes on. Everything else runs. {_NO_LIMIT}",
    )


_NO_LIMIT = (
    "A check runs your code in this kernel, and nothing limits its memory: if the computer becomes slow, "
    "interrupt the kernel."
)
"""On Linux a check runs in a copy of the kernel, which has limits."""


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _no_data() -> str:
    from lifecycle.weather import shipped

    try:
        shipped()
    except FileNotFoundError:
        return (
            "The weather data is not beside this notebook, in `data`: the last section cannot run. "
            "Open the notebook on the desk that `make lab` (or `lifecycle lab`) makes."
        )
    return ""


def _unwritable() -> str:
    folder = predictions.journal.folder
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # Closed before it is deleted: in a browser, the other order never returns.
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(name)
        return ""
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return (
            f"Your answers cannot be saved ({reason}). They count until this kernel stops. To keep them, set "
            "LIFECYCLE_HOME to a folder that you may write to, and start again."
        )


def _versions(machine: Machine) -> list[str]:
    python = ".".join(map(str, sys.version_info[:3]))
    packages = [f"{name} {version or 'not installed'}" for name, version in machine.versions.items()]
    return [f"Python {python} ({machine.implementation}, {machine.platform})", *packages]


def _shown(found: list[Finding], versions: list[str]) -> Card:
    missing = [finding for finding in found if not finding.here]
    if any(finding.needed for finding in missing):
        closing = "Install what is marked MISSING before you go on."
    elif missing:
        closing = "You can go on. The lines with `note` say what does not work here."
    else:
        closing = "Everything is here: go on."
    text, rows = [], []
    for finding in found:
        mark = "here" if finding.here else "MISSING" if finding.needed else "note"
        text.append(wrapped(finding.sentence, " " * 9, f"{mark:<9}"))
        rows.append(f'<tr><th scope="row" style="text-align:left;vertical-align:top">{mark}</th>'
                    f'<td style="text-align:left">{inline(finding.sentence)}</td></tr>')  # fmt: skip
    text += [wrapped(closing), *(wrapped(line, "   ") for line in versions)]
    style = "border-collapse:collapse;margin:0;font-size:inherit"
    body = [f'<table aria-label="What this machine has" style="{style}">', *rows, "</table>",
            f'<p role="status" style="margin:0.4em 0 0">{inline(closing)}</p>']  # fmt: skip
    if versions:
        body += ["<ul>", *(f"<li>{inline(line)}</li>" for line in versions), "</ul>"]
    return card("Environment", text, body)
