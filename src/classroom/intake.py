"""Find what was submitted, read it without trusting it, and repair it before any of it runs.

A submission keeps its answers and the cells that the student added. Everything else comes from the released
notebook: locked cells and their positions, all metadata, the kernel.
"""

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

HUGE = 20_000_000  # bytes that a notebook may have: the answers of an assignment have a few thousand
CELLS = 1_000  # how many cells a submission may have
OFFERED = 50  # how many files of a submission are looked at if its notebook is not in its place
NAMED = 200  # bytes that a student's name may have: files are named after it, and may have at most 255

# The folders that Jupyter itself puts beside notebooks. Any other folder with an assignment is a student's.
CHECKPOINTS = ".ipynb_checkpoints"

JUNK = re.compile(r"__MACOSX|\.DS_Store|Thumbs\.db|desktop\.ini|\.ipynb_checkpoints|\._.*")
"""Names that computers put into folders by themselves."""

_KEPT = ("nbgrader", "deletable", "editable")  # the metadata of a released cell that a graded notebook keeps

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

_CHECK = re.compile(r'check\("([a-z][a-z0-9]*-x\d+)", *([A-Za-z_]\w*)\)\.points')
"""What the kit's check cells contain."""


def printable(text: str, most: int = 1_000) -> str:
    r"""A text of at most so many characters, without control characters, which a terminal would obey.

    >>> printable("a\x1b[2Jb", 8), printable("\u202ebynpi.ipynb")
    ('a\\x1b[2…', '\\u202ebynpi.ipynb')
    """
    fine = "\u00a0\u200c\u200d"  # names have these between words and letters
    told = "".join(
        one if one.isprintable() or one in fine else one.encode("unicode_escape").decode()
        for one in text[: most + 1]
    )
    return told if len(told) <= most else f"{told[: most - 1]}…"


class Refused(Exception):
    """A submission that cannot be graded: its status, and one sentence about the reason."""

    def __init__(self, status: str, note: str) -> None:
        super().__init__(note)
        self.status, self.note = status, note


@dataclass(frozen=True)
class Found:
    """What is in one student's folder. timestamp: the text of timestamp.txt, or why it cannot be read, or "".

    data: the notebook's bytes, or None if there is none to grade; `status` and `note` say why.
    """

    student: str
    data: bytes | None = None
    status: str = "graded"
    note: str = ""
    timestamp: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of what was submitted; if it was not read, of the reason."""
        content = self.data if self.data is not None else f"{self.status}: {self.note}".encode()
        return hashlib.sha256(content).hexdigest()


def submissions(folder: Path, assignment: str, only: tuple[str, ...] = ()) -> Iterator[Found]:
    """All submissions of an assignment in `submitted/`, by student; of some students with `only`.

    Nothing in that folder makes it raise; a symbolic link is never followed.
    """
    try:
        # With names given, it does not list the whole folder, which may hold thousands.
        names = sorted(set(only) or (name for name in os.listdir(folder) if name != CHECKPOINTS))
    except OSError:
        return
    for name in names:
        try:
            there = _of_student(folder / name, assignment)
        except Exception as error:
            there = Found(_plain(name), None, "unreadable", f"It cannot be read: {described(error)}.")
        if there:
            yield there


def strays(folder: Path) -> list[str]:
    """What is in `submitted/` but is not a student's folder, as printable names, without hidden files."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []
    odd = [one for one in entries if not (one.is_dir() or one.is_symlink() or one.name.startswith("."))]
    return [_said(one.name) for one in odd]


def _of_student(home: Path, assignment: str) -> Found | None:
    """What is in one student's folder; None if this assignment is not in it."""
    name = home.name
    if home.is_symlink():
        return Found(_plain(name), None, "unreadable", "The student's folder is a symbolic link.")
    if home.is_dir() and (amiss := _amiss(name)):
        return Found(_plain(name), None, "unreadable", f"The student's folder has a name {amiss}.")
    place = home / assignment
    try:
        place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found(name, place, assignment)


def _plain(name: str) -> str:
    """A student's name in a form that can be printed and used in file names."""
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
    return f"{printable(name, 40)} {digest}" if _amiss(name) else name


def described(error: BaseException) -> str:
    """An error in a few words. Its text can contain parts of a submission."""
    return f"{type(error).__name__}, {printable(str(error), 200)}"


def _amiss(name: str) -> str:
    """Why a student's name cannot be a file name; "" if it can."""
    size = len(os.fsencode(name))
    if size > NAMED:
        return f"of {size} bytes, and at most {NAMED} are taken"
    kinds = {unicodedata.category(one) for one in name}
    if "Cs" in kinds:
        return "that is not UTF-8"
    return "with control characters" if "Cc" in kinds else ""


def found(student: str, place: Path, assignment: str) -> Found:
    """One student's submission, in the folder `place`."""
    timestamp = ""
    try:
        if place.is_symlink():
            note = f"The folder {assignment} is a symbolic link; links are not followed."
            raise Refused("unreadable", note)
        if not place.is_dir():
            raise Refused(
                "not a notebook", f"{assignment} is not a folder; expected is one with the notebook."
            )
        timestamp = _timestamp(place / "timestamp.txt")
        wanted = place / f"{assignment}.ipynb"
        if os.path.lexists(wanted):
            return Found(student, read(wanted), timestamp=timestamp)
        other = _only_notebook(place, assignment)
        data = read(other)
        note = f"The notebook is {_said(other.relative_to(place))}, expected is {assignment}.ipynb."
        return Found(student, data, "renamed", note, timestamp)
    except Refused as refused:
        return Found(student, None, refused.status, refused.note, timestamp)


def _timestamp(path: Path) -> str:
    """What is written in a timestamp.txt, or why it cannot be read; "" if there is none."""
    if not os.path.lexists(path):
        return ""
    try:
        return read(path, 1_000).decode("utf-8", "replace").strip()
    except Refused as refused:
        return refused.note


def _only_notebook(place: Path, assignment: str) -> Path:
    """The only notebook in the folder, under another name. Raises `Refused` unless there is exactly one."""
    files: list[Path] = []

    def stop(error: OSError) -> None:
        raise Refused("unreadable", f"{_said(place.name)} cannot be read: {error.strerror}.")

    for folder, folders, names in os.walk(place, onerror=stop):
        folders[:] = sorted(name for name in folders if not JUNK.fullmatch(name))
        # A link to a folder is not followed. It counts as a file, and `read` refuses it.
        names += [name for name in folders if (Path(folder) / name).is_symlink()]
        files += [Path(folder) / name for name in sorted(names) if not JUNK.fullmatch(name)]
        if len(files) > OFFERED:
            break
    files = [file for file in files if file.name != "timestamp.txt"]
    notebooks = [file for file in files if file.name.lower().rstrip().endswith(".ipynb")]
    if not files:
        raise Refused("empty", "The folder is empty.")
    if not notebooks:
        some = ", ".join(_said(file.name) for file in files[:3])
        more = f" among the first {OFFERED} files" if len(files) > OFFERED else ""
        raise Refused(
            "not a notebook", f"There is no notebook{more}, only {some}; expected is {assignment}.ipynb."
        )
    if len(notebooks) > 1:
        some = ", ".join(_said(file.relative_to(place)) for file in notebooks[:5])
        raise Refused("renamed", f"{len(notebooks)} notebooks, none of them {assignment}.ipynb: {some}.")
    return notebooks[0]


def _said(name: object) -> str:
    """A file's name, made safe for a sentence: students choose it."""
    return printable(str(name), 100)


def read(path: Path, most: int = HUGE) -> bytes:
    """The bytes of a plain file. Raises `Refused` for a link, a folder, a pipe, or more than `most` bytes."""
    name = _said(path.name)
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise Refused("unreadable", f"{name} is a symbolic link; links are not followed.")
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise Refused("unreadable", f"{name} cannot be read: {error.strerror}.") from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "not a plain file"
        raise Refused("not a notebook", f"{name} is {kind}.")
    with os.fdopen(descriptor, "rb") as file:
        if about.st_size > most:
            raise Refused("huge", f"{name} has {about.st_size:,} bytes; at most {most:,} are allowed.")
        return file.read(most)


@dataclass(frozen=True)
class Slot:
    """A cell of the released notebook that has a `grade_id`.

    exercise, name: the exercise that a judge checks with it, and the answer's name; else "".
    """

    id: str
    type: str
    source: str
    metadata: dict[str, Any]
    cell_id: str
    exercise: str = ""
    name: str = ""

    @property
    def locked(self) -> bool:
        """Whether its source belongs to the course, not to the student."""
        return not self.metadata["nbgrader"].get("solution", False)

    @property
    def check(self) -> bool:
        """Whether it is a cell that gives points."""
        about = self.metadata["nbgrader"]
        return bool(about.get("grade")) and self.locked and self.type == "code"

    def untouched(self, text: str) -> bool:
        """Whether an answer is the released text, or empty. Spaces and line ends do not count."""
        return text.split() in ([], self.source.split())

    @property
    def released(self) -> "SubmittedCell":
        """The cell as it was released; empty if a student writes in it."""
        return SubmittedCell(self.type, self.source if self.locked else "", self.cell_id, self)

    @property
    def points(self) -> float:
        """How many points the cell is worth; 0 for one that is not graded."""
        return float(self.metadata["nbgrader"].get("points") or 0)


@dataclass(frozen=True)
class Template:
    """The released notebook, which is used to repair every submission."""

    slots: tuple[Slot, ...]

    @classmethod
    def read(cls, data: bytes) -> "Template":
        """The template in a released notebook's bytes. Raises `ValueError` for anything else."""
        notebook = json.loads(data)
        slots = []
        for cell in notebook["cells"]:
            about = cell["metadata"].get("nbgrader", {})
            if "grade_id" not in about:
                continue
            kept = {key: value for key, value in cell["metadata"].items() if key in _KEPT}
            name = str(about["grade_id"])
            id = str(cell.get("id", name))
            slot = Slot(name, cell["cell_type"], _text(cell["source"]), kept, id)
            asks = _CHECK.fullmatch(slot.source.strip()) if slot.check else None
            slots.append(replace(slot, exercise=asks[1], name=asks[2]) if asks else slot)
        return cls(tuple(slots))

    def slot(self, id: str) -> Slot | None:
        """The cell of that `grade_id`, if there is one."""
        return next((slot for slot in self.slots if slot.id == id), None)

    @property
    def weaker(self) -> list[str]:
        """The check cells that a judge does not decide: the answer runs with them, and can make them pass."""
        return [slot.id for slot in self.slots if slot.check and not slot.exercise]

    @property
    def setup(self) -> Slot | None:
        """The course's own first cell of code."""
        return next((one for one in self.slots if one.locked and one.type == "code" and not one.check), None)

    @property
    def variant(self) -> str:
        """The variant that the release's setup cell chooses; "" if it does not name one."""
        setups = (slot.source for slot in self.slots if slot.locked and not slot.check)
        found = re.search(r'(?m)^course\("([^"\n]*)"\)', "\n".join(setups))
        return found[1] if found else ""

    def answer_of(self, check: Slot) -> Slot | None:
        """The answer cell that a check cell belongs to: "leaks-x2" for "leaks-x2-check"."""
        return self.slot(check.id.removesuffix("-check"))


@dataclass
class SubmittedCell:
    """One cell as it will run. `slot` is None for a cell that the student added."""

    type: str
    source: str
    id: str
    slot: Slot | None = None
    attachments: dict[str, Any] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The cell in a notebook's format."""
        kept = json.loads(json.dumps(self.slot.metadata)) if self.slot else {}
        made = {"cell_type": self.type, "id": self.id, "source": self.source, "metadata": kept}
        if self.type == "code":
            made |= {"execution_count": None, "outputs": self.outputs}
        elif self.attachments and self.type == "markdown":
            made["attachments"] = self.attachments
        return made


def rebuilt(data: bytes, template: Template) -> tuple[list[SubmittedCell], list[str]]:
    """A submission's cells, repaired, and a sentence about each difference from the release.

    The released cells come in their own order. A cell that the student added stays after the cell that it
    followed, but code that was above the course's setup is moved after it. The first cell of a `grade_id`
    counts; a second one becomes a plain cell. Missing cells are added; a missing answer is empty.

    Raises `Refused` for a file that is not a notebook, or not of this assignment.
    """
    given, notes = _cells(data)
    owners = _matched(given, template)
    if not any(slot.check or not slot.locked for slot in owners.values()):
        raise Refused("foreign", "None of its cells belongs to this assignment.")
    numbers = {slot.id: number for number, slot in owners.items()}
    order = {slot.id: number for number, slot in enumerate(template.slots)}
    setup = template.setup.id if template.setup else ""
    top: list[SubmittedCell] = []
    mine: dict[str, SubmittedCell] = {}
    behind: dict[str, list[SubmittedCell]] = {setup: [], **{slot.id: [] for slot in template.slots}}
    place = ""
    for number, cell in enumerate(given):
        slot = owners.get(number)
        if slot is None:
            if template.slot(cell.id):
                notes.append(f"A second cell has the name {cell.id}; the first one counts.")
            above = order.get(place, -1) < order.get(setup, -1)
            where = top if above and cell.type != "code" else behind[setup if above else place]
            where.append(replace(cell, id=f"added-{number + 1}"))
            continue
        if cell.type != slot.type:
            notes.append(f"The cell {slot.id} had another type; it is a {slot.type} cell again.")
        if slot.locked and cell.source.strip() != slot.source.strip():
            notes.append(f"The locked cell {slot.id} was changed; it is as released again.")
        source = slot.source if slot.locked else cell.source
        mine[slot.id] = SubmittedCell(slot.type, source, slot.cell_id, slot, cell.attachments)
        answer = template.answer_of(slot) if slot.check else None
        if answer and numbers.get(answer.id, -1) > number:
            # The answer may need the cells between them, so these do not move after it with the check.
            notes.append(f"The cell {slot.id} was before its answer; it was moved after it.")
        else:
            place = slot.id
    notes += [f"The cell {id} was missing; it was added." for id in order if id not in mine]
    whole = [[mine.get(slot.id, slot.released), *behind[slot.id]] for slot in template.slots]
    return [*top, *(cell for cells in whole for cell in cells)], notes


def bare(template: Template, notice: str) -> list[SubmittedCell]:
    """The release without answers, and a notice at its top: it replaces what cannot be graded."""
    return [SubmittedCell("markdown", notice, "notice"), *(slot.released for slot in template.slots)]


def notebook(cells: list[SubmittedCell]) -> str:
    """Cells as the text of a notebook."""
    shown = [cell.as_dict() for cell in cells]
    made = {"cells": shown, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return writable(json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def writable(text: str) -> str:
    """A text without lone surrogates, which JSON can hold but a file cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _cells(data: bytes) -> tuple[list[SubmittedCell], list[str]]:
    """The submitted cells, and sentences about damaged ones.

    The `id` of each is its `grade_id`, or its own id, or "".
    """
    if not data.strip():
        raise Refused("empty", "The file is empty.")
    parsed = _parsed(data)
    if not isinstance(parsed, dict):
        raise Refused("not a notebook", f"The file is JSON, but not a notebook: a {type(parsed).__name__}.")
    cells = parsed.get("cells")
    if cells is None and isinstance(parsed.get("worksheets"), list):
        raise Refused(
            "not a notebook",
            "The notebook has a format from before 2015: open it in JupyterLab, save it and submit it again.",
        )
    if not isinstance(cells, list):
        raise Refused("not a notebook", "The file is JSON, but not a notebook: it has no cells.")
    if not cells:
        raise Refused("empty", "The notebook has no cells.")
    if len(cells) > CELLS:
        raise Refused("huge", f"The notebook has {len(cells):,} cells; at most {CELLS:,} are allowed.")
    notes = []
    for number, cell in enumerate(cells, 1):
        source = _dict(cell).get("source")
        lines = source if isinstance(source, list) else [source]
        if not all(isinstance(line, str) for line in lines):
            notes.append(
                f"Cell {number} of the notebook is damaged: it has something else in place of a text."
            )
    # A number in the list is a cell's number in the notebook, so a damaged cell is not left out.
    return [_cell(_dict(cell)) for cell in cells], notes


def _parsed(data: bytes) -> object:
    """What a file says in JSON. Raises `Refused` if it is not JSON."""
    if not data.strip(b"\0"):
        raise Refused("unreadable", "The file has nothing but zero bytes.")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        reason = "its brackets are nested too deeply"
    except UnicodeDecodeError as error:
        reason = f"it is not text in UTF-8, from byte {error.start + 1:,} on"
    except json.JSONDecodeError as error:
        reason = str(error)
    except ValueError:
        reason = "it has a number with thousands of digits"
    raise Refused("unreadable", f"The file is not JSON: {reason}.")


def _cell(cell: dict[str, Any]) -> SubmittedCell:
    kind = cell.get("cell_type")
    about = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    names = [one for one in (about.get("grade_id"), cell.get("id")) if isinstance(one, str) and one]
    pictures = {
        _text(name): {kind: _text(data) for kind, data in bundle.items() if kind.startswith("image/")}
        for name, bundle in _dict(cell.get("attachments")).items()
        if isinstance(bundle, dict)
    }
    kind = kind if kind in ("code", "markdown", "raw") else "raw"
    return SubmittedCell(kind, _text(cell.get("source")), (names or [""])[0], attachments=pictures)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(source: object) -> str:
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    # Some editors end lines as Windows does. That does not count as a change.
    text = source.replace("\r\n", "\n") if isinstance(source, str) else ""
    return writable(text)


def _matched(given: list[SubmittedCell], template: Template) -> dict[int, Slot]:
    """Which submitted cell, by its number, belongs to which slot."""
    owners: dict[int, Slot] = {}
    for slot in template.slots:
        named = [index for index, cell in enumerate(given) if cell.id in (slot.id, slot.cell_id)]
        if not named and slot.locked and slot.source.strip():
            # Some editors drop metadata; then a locked cell is recognised by its text.
            named = [index for index, cell in enumerate(given) if cell.source.strip() == slot.source.strip()]
        fitting = [index for index in named if given[index].type == slot.type] or named
        if fitting:
            owners.setdefault(fitting[0], slot)
    return owners
