"""Open a lesson as slides, for a class: `lifecycle present`.

The slides are JupyterLab itself with jupyterlab-slideshow, so that widgets live in them.  Presenting adds
a kernel that prints short tracebacks, and the keys that a teacher needs. They are in the folder `presenting`,
of which a copy comes first in Jupyter's search path for this one process.  The user's own settings are left
alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lessons.desk import presenter, server
from lessons.desk import workcopy as desks
from lessons.desk.workcopy import STATE, Trouble
from lessons.study.predictions import CLASS

EXTRAS = Path(__file__).with_name("presenting")
"""A Jupyter data folder: `kernels` and `labextensions`."""

TYPE = {"content-font-size1": "3.16vh", "code-font-size": "2.53vh", "ui-font-size1": "2.3vh"}
"""Sizes for the last row of a classroom, as parts of the screen's height: text 1/32, code 1/40.

Lab's menu Settings, Theme changes them for one presentation. Sizes that depend on them are in slides.css.
"""

SETTINGS = {
    "jupyterlab-slideshow:plugin": {"active": True},
    "@jupyterlab/apputils-extension:themes": {"overrides": TYPE},
    # The key for it is pressed twice: that is the question.
    "@jupyterlab/apputils-extension:sessionDialogs": {"skipKernelRestartDialog": True},
}
"""The user settings of a presentation. Lab reads sizes only from there, never from defaults."""

COMMAND = "Cmd" if sys.platform == "darwin" else "Ctrl"
KEYS = f"""\
In the slides (a clicker's PageDown and PageUp are enough):
  Space, Shift+Space   the next step, the step before; so do the arrows, PageDown and PageUp
  Home, End            the first slide, the last slide
  . or b               black screen; the same key or a step brings the slide back
  o                    the overview; so does a click on the number in the corner
                       (there, Backspace leads back to where you were before a jump)
  p p                  the presenter's window with the answers, for the screen that the class does not see
  Shift+Enter          run this cell; the slide stays, so that the answer is seen
  {COMMAND + "+Shift+Enter":<19}  catch up with this slide after a kernel restart or a reload
  0 0                  restart the kernel
  Escape               out of a lab or a cell's text, back to the slide
  q q                  leave the slides (the cards in the notebook's toolbar return to them)
No other key does anything on a slide. To edit a cell, click into its text."""


@dataclass(frozen=True)
class Votes:
    """What a teacher chose for votes by phone; see `lessons.desk.votes.start.page`."""

    on: str | None = None
    port: int | None = None
    class_size: int | None = None


def serve(
    lesson: str | None,
    desk: Path | None,
    port: int | None = None,
    browser: bool = True,
    votes: Votes | None = None,
    new: bool = False,
) -> None:
    """Open `lesson` (default: the first lesson) as slides, and present until Ctrl-C.

    `lesson` is the beginning of a notebook's name ("01").  The presenting desk is a folder of its own, by
    default `desk/present`.  Each presentation starts from scratch: no outputs, no predictions, no open tabs.
    With `votes`, a page of its own takes votes by phone meanwhile. With `new`, lessons that were edited on
    this desk are reset, and the edited versions are kept beside them.

    Raises `Trouble` if there is no such lesson, or if the desk or Lab cannot be used.
    """
    source = desks.course()
    lessons = desks.lessons(source)
    if not lessons:
        raise Trouble("There are no lessons to present: the folder notebooks is empty.")
    chosen = desks.find(lessons, lesson) if lesson else lessons[0]
    desk = (desk.expanduser() if desk else source / "desk" / "present").absolute()
    begin(source, desk)
    if new:
        print(*reset(source, desk), sep="\n")
    report = desks.lay(source, desk)
    print(*report.sentences(), sep="\n", end="\n" if report.sentences() else "")
    if not (desk / chosen).is_file():
        raise Trouble(f"{chosen} cannot be presented, because it was left out.")
    os.environ[CLASS] = "1"
    os.environ["LIFECYCLE_HOME"] = str(desk / STATE / "progress")
    others = os.environ.get("JUPYTER_PATH")
    found = str(extras(desk))
    os.environ["JUPYTER_PATH"] = os.pathsep.join([found, others] if others else [found])
    settings = desk / STATE / "settings"
    for plugin, values in SETTINGS.items():
        path = settings / f"{plugin.replace(':', '/')}.jupyterlab-settings"
        desks.write(path, json.dumps(values, indent=1).encode())
    print(KEYS)
    options = [f"--LabApp.user_settings_dir={settings}"]
    with _vote_page(votes):
        server.serve(desk, chosen, port, browser, options, lambda lab: presenter.add(lab, desk))


@contextlib.contextmanager
def _vote_page(votes: Votes | None) -> Iterator[None]:
    if votes is None:
        yield
        return
    from lessons.desk.votes import start

    with start.page(votes.on, votes.port, votes.class_size) as line:
        print(start.invitation(line), end="", flush=True)
        yield


def extras(desk: Path) -> Path:
    """Copy the folder `EXTRAS` to `desk`, and return the copy.

    Lab tells browsers to keep an extension's files for a year. So the folder of these files gets a name that
    changes with them.
    """
    copy = desk / STATE / "jupyter"
    shutil.rmtree(copy, ignore_errors=True)
    files = {path: path.read_bytes() for path in sorted(EXTRAS.rglob("*")) if path.is_file()}
    name = f"static-{hashlib.sha256(b''.join(files.values())).hexdigest()[:12]}"
    for path, content in files.items():
        if path.name == "package.json":
            content = content.replace(b'"static/', f'"{name}/'.encode())
        desks.write(copy / path.relative_to(EXTRAS).as_posix().replace("/static/", f"/{name}/"), content)
    return copy


def begin(source: Path, desk: Path) -> None:
    """Make `desk` ready for one more presentation of the course at `source`.

    Outputs, notes that Lab made in notebooks, predictions, settings and open tabs of earlier presentations
    are deleted. Edits stay, and a damaged notebook is not changed.

    Raises `Trouble` if `desk` is the course itself or a student's desk.
    """
    desks.refuse_course(source, desk)
    mark = desk / STATE / "presenting"
    if (desk / STATE / "record.json").exists() and not mark.exists():
        raise Trouble(
            f"{desk} is a desk for studying, and presenting clears outputs: "
            "choose another folder (--desk DIR)."
        )
    desks.write(mark, b"Outputs on this desk are cleared each time that a presentation begins.\n")
    for kept in ("settings", "workspaces", "progress"):
        shutil.rmtree(desk / STATE / kept, ignore_errors=True)
    for shelf in desks.SHELVES:
        for path in sorted((desk / shelf).rglob("*.ipynb")):
            with contextlib.suppress(Trouble):
                cleared = _without_notes(desks.prepared(path))
                if cleared != path.read_bytes():
                    desks.write(path, cleared)


def reset(source: Path, desk: Path) -> list[str]:
    """Reset every edited lesson on `desk`. Returns in words which ones, and where the edited versions are."""
    if not (desk / STATE / "record.json").is_file():
        return ["This desk is new."]
    done = (desks.reset(source, desk, path) for path in desks.lessons(source))
    said = [f"{first} {kept[0]}" for first, *kept in done if kept]
    return said or ["No lesson on this desk was edited."]


def _without_notes(content: bytes) -> bytes:
    # As the course stores it: then a copy that was only run does not count as edited, and newer editions
    # replace it.
    notebook = json.loads(content)
    language = notebook["metadata"].get("language_info")
    if language:
        notebook["metadata"]["language_info"] = {"name": language.get("name", "python")}
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
