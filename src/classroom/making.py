"""Make a course folder from the kit, or update it; nothing is left half made."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry

from classroom.compose import Chosen, Texts, as_bytes, notebook
from classroom.course import FILE, STATE, TERM, TERM_LENGTH, Assignment, Course, parsed, written
from classroom.gradebook import alone, changing, gradebook
from classroom.own import FILES, folder_name, own_exercise
from classroom.private import group_id, settle
from classroom.records import write_text
from classroom.release import CONFIG, generate, kit, kit_exercise, kit_texts, scripts_on_path, weaker
from classroom.trouble import Trouble, same_format
from lessons.words import many

FOLDERS = ("source", "release", "submitted", "autograded", "feedback", "records", "solutions", "own")
MADE = "made.json"
"""The file in the kit's own folder with the hashes of the notebooks that the kit wrote."""

FORMAT = 1
"""The format of that file that this edition reads and writes."""

EARLIER = (
    "17a3aa57f10b601308c522f40ddafe02f318f410b377096d7a083214f2f4a774",
    "669fa177077f487d442925b607cf05e302165186470f915751b13668eb9072c3",
)
"""Hashes of nbgrader settings that earlier editions of the kit wrote: a file with such a hash is unedited."""

_RANDOM = re.compile(r".*-[0-9a-f]{8}")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom course`."""
    parser.description = (
        "Make a private course from the kit in an empty folder: course.toml, source, release, gradebook, "
        "solutions. With --update: apply changes of course.toml and of the kit to an existing course."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the course folder")
    parser.add_argument("--name", default="", help="the name that students see (default: the folder's name)")
    parser.add_argument(
        "--term", default="", metavar="SEED",
        help="a word for the term, such as wt26 (random letters are added), or a whole seed: wt26-7f3a9c1e",
    )  # fmt: skip
    parser.add_argument("--update", action="store_true", help="update it after a change")
    parser.add_argument(
        "--group", default="", metavar="GROUP", help="share the folder with this group of the machine"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make a course, or update it."""
    folder: Path = arguments.folder
    if arguments.update:
        if arguments.name or arguments.term:
            raise Trouble(f"--update takes name and term from {folder / FILE}: change them there.")
        print(*update(Course.read(folder)), sep="\n")
        settle(folder, arguments.group)
        return 0
    if arguments.group:
        group_id(arguments.group)
    made = make(folder, arguments.name, arguments.term)
    settle(made.root, arguments.group)
    count = sum(len(one.exercises) for one in made.assignments.values())
    what = f"{len(made.assignments)} assignments, {count} exercises, term {made.term}"
    print(f"Made a course in {folder}: {what}.")
    print(f"Edit {folder / FILE} as you like, then: classroom course {folder} --update")
    print(f"The kit for your students: classroom student-kit --course {folder}")
    return 0


def new_term(word: str = "term") -> str:
    """The name of a variant: a word for the term, and random letters; if it has them already, it is kept.

    Raises `Trouble` for a word with characters other than small letters, digits and hyphens.

    >>> new_term("wt26-0a1b2c3d")
    'wt26-0a1b2c3d'
    """
    term = word if _RANDOM.fullmatch(word) else f"{word}-{secrets.token_hex(4)}"
    if not TERM.fullmatch(term) or len(term) not in TERM_LENGTH:
        raise Trouble(
            f"--term is {word!r}; allowed are up to 30 small letters and digits, with hyphens between them, "
            "such as wt26."
        )
    return term


def make(folder: Path, name: str = "", term: str = "") -> Course:
    """Make a course in `folder`, which is empty or does not exist yet, with everything from the kit.

    Raises `Trouble` if it is not empty or cannot be written; then nothing was made.
    """
    folder = folder.absolute()
    if re.search(r"[][*?]", str(folder)):
        raise Trouble(f"{folder} has one of * ? [ ] in its path: nbgrader cannot find files there.")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            hint = " To update that course, add --update." if (folder / FILE).is_file() else ""
            raise Trouble(f"{folder} is not empty: a new course needs a folder of its own.{hint}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
            stage = Path(place) / "course"
            stage.mkdir()
            told = kit_texts()
            tasks = {one: told[one].tasks for one in told}
            text = written(name or folder.name, new_term(term or "term"), tasks)
            (stage / FILE).write_text(text, encoding="utf-8")
            shutil.copyfile(kit() / "exercises" / CONFIG, stage / CONFIG)
            for one in FOLDERS:
                (stage / one).mkdir()
            course = parsed(text, stage)
            _fill(course, told, course.assignments.values())
            _remember(course, {}, course.assignments)
            if folder.exists():
                folder.rmdir()
            stage.rename(folder)
    except OSError as error:
        raise Trouble(f"{folder} cannot be made: {error.strerror or error}.") from error
    return Course.read(folder)


def update(course: Course) -> list[str]:
    """Update source, release, solutions and the gradebook's deadlines, from `course.toml` and the kit.

    Returns sentences about what was done; the last one lists the deadlines. A notebook is not changed if it
    was edited by hand or if its grading has begun, but the own checks beside it are updated. The gradebook is
    changed first, in one transaction. If the update is stopped after that, the same command finishes it.

    Raises `Trouble`, before anything is changed, if `course.toml` asks for other exercises or another term in
    such a notebook.
    """
    with scripts_on_path(), gradebook(course) as book, alone(course):
        for left in course.root.glob(f"{STATE}.*"):
            shutil.rmtree(left, ignore_errors=True)
        told, state = kit_texts(), _state(course)
        plan = _planned(course, told, state, book)
        with tempfile.TemporaryDirectory(prefix=f"{STATE}.", dir=course.root) as place:
            stage = Course(Path(place), course.name, course.term, course.assignments)
            plan.sentences += _settings(course)
            shutil.copyfile(course.root / CONFIG, stage.root / CONFIG)
            _fill(stage, told, plan.changed, course.own)
            _enter(book, course, plan, _cells(stage, plan.changed))
            _put(course, plan, stage)
    made = [*plan.current, *(one.name for one in plan.changed)]
    _remember(course, {name: hash for name, hash in state.items() if name not in plan.gone}, made)
    due = [
        f"{one.name} {one.deadline:%Y-%m-%d %H:%M} UTC" for one in course.assignments.values() if one.deadline
    ]
    said = "" if plan.changed or plan.gone or plan.checks else "No notebook changed. "
    return [
        *plan.sentences,
        *(f"{one.name} is made again: {many(len(one.exercises), 'exercise')}." for one in plan.changed),
        *(f"{name} is taken out." for name in plan.gone),
        *weaker(course, course.assignments),
        f"{said}Deadlines: {', '.join(due) if due else 'none'}.",
    ]


@dataclass
class _Plan:
    """The plan of an update.

    changed: assignments whose notebook is made again. current: those whose notebook is up to date. gone:
    those that are removed. checks: for each notebook that is kept, the own checks that are replaced.
    """

    changed: list[Assignment] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    checks: dict[str, dict[str, bytes]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)


def _planned(course: Course, told: Mapping[str, Texts], state: Mapping[str, str], book: Any) -> _Plan:
    plan = _Plan()
    for assignment in course.assignments.values():
        name = assignment.name
        now, new = _stored(course, name), _files(course, told, assignment)
        if now == new and course.release(name).is_file():
            plan.current.append(name)
            continue
        kept = _kept(course, name, now, state, book)
        if not kept:
            plan.changed.append(assignment)
            continue
        term, exercises = _selected(now[f"{name}.ipynb"])
        if (term, exercises) != (course.term, assignment.exercises):
            raise Trouble(
                f"The notebook of {name} cannot be changed, because {kept}. It has the exercises "
                f"{', '.join(exercises)} of the term {term}, but {course.file} has "
                f"{', '.join(assignment.exercises)} of {course.term}. Put the earlier ones back; "
                "deadline and factor may change."
            )
        checks = {file: text for file, text in new.items() if file.endswith(".py") and now.get(file) != text}
        if checks:
            plan.checks[name] = checks
            plan.sentences.append(
                f"{name} got {', '.join(sorted(checks))} from own/ as it is now: `classroom regrade {name}` "
                "grades with it."
            )
        if now[f"{name}.ipynb"] != new[f"{name}.ipynb"]:
            plan.sentences.append(f"{name} stays as it is, because {kept}.")
    plan.gone = [
        name
        for name in state
        if name not in course.assignments
        and course.source(name).parent.is_dir()
        and not _kept(course, name, _stored(course, name), state, book)
    ]
    return plan


Cells = dict[str, tuple[str, dict[str, dict[str, dict[str, Any]]]]]
"""For each notebook: its kernel, and its cells by kind and name, as stored in the gradebook."""

COLUMNS = {
    "grade": ("max_score", "cell_type"),
    "solution": (),
    "task": ("max_score", "cell_type"),
    "source": ("cell_type", "locked", "source", "checksum"),
}
"""The columns that the gradebook stores of a released notebook's cells, by their kind."""


def _cells(stage: Course, changed: Iterable[Assignment]) -> Cells:
    """The cells that nbgrader entered in a stage's own gradebook while it made these releases."""
    names = [one.name for one in changed]
    if not names:
        return {}
    with gradebook(stage) as book:
        found = {name: book.find_notebook(name, name) for name in names}
        return {
            name: (
                notebook.kernelspec,
                {
                    kind: {
                        cell.name: {column: getattr(cell, column) for column in columns}
                        for cell in getattr(notebook, f"{kind}_cells")
                    }
                    for kind, columns in COLUMNS.items()
                },
            )
            for name, notebook in found.items()
        }


def _enter(book: Any, course: Course, plan: _Plan, cells: Cells) -> None:
    """Update the gradebook, row by row in one transaction. Raises `Trouble` if it must not be changed."""
    with changing(book):
        for name in (*cells, *plan.gone):
            if begun := _submitted(book, name):
                raise Trouble(f"The grading of {name} has just begun ({begun}): run the same command again.")
        for assignment in course.assignments.values():
            book.update_or_create_assignment(assignment.name, duedate=assignment.deadline)
        for name in plan.gone:
            with contextlib.suppress(MissingEntry):
                book.remove_assignment(name)
        for name, (kernel, kinds) in cells.items():
            for other in list(book.find_assignment(name).notebooks):
                if other.name != name:
                    book.remove_notebook(other.name, name)
            notebook = book.update_or_create_notebook(name, name, kernelspec=kernel)
            for kind, wanted in kinds.items():
                for cell in list(getattr(notebook, f"{kind}_cells")):
                    if cell.name not in wanted:
                        book.db.delete(cell)
                for cell_name, about in wanted.items():
                    getattr(book, f"update_or_create_{kind}_cell")(cell_name, name, name, **about)


def _put(course: Course, plan: _Plan, stage: Course) -> None:
    """Put the stage's files in place.

    The source comes last: an old source shows that an update was stopped.
    """
    for kind in ("release", "source"):
        for assignment in plan.changed:
            _replace(stage.root / kind / assignment.name, course.root / kind / assignment.name)
        for name in plan.gone:
            shutil.rmtree(course.root / kind / name, ignore_errors=True)
    for name, checks in plan.checks.items():
        for file, text in checks.items():
            for folder in (course.release(name).parent, course.source(name).parent):
                (folder / file).parent.mkdir(exist_ok=True)
                (stage.root / "file").write_bytes(text)
                (stage.root / "file").replace(folder / file)
    _replace(stage.solutions, course.solutions)


def _settings(course: Course) -> list[str]:
    """Update nbgrader's settings, or say that they do not protect the people who use the form grader."""
    path = course.root / CONFIG
    try:
        now = path.read_bytes()
    except FileNotFoundError:
        now = b""
    if not now or _hash(now) in EARLIER:
        path.write_bytes((kit() / "exercises" / CONFIG).read_bytes())
        return [f"{CONFIG} is made again."]
    if b"protect(c, __file__)" not in now:
        return [
            f"{path} lets scripts in submissions run in the form grader: put its last lines back, `from "
            "classroom.formgrader import protect` and `protect(c, __file__)`."
        ]
    return []


def _kept(
    course: Course, assignment: str, now: Mapping[str, bytes], state: Mapping[str, str], book: Any
) -> str:
    """Why the notebook of an assignment must not be changed; "" if it may be."""
    source = now.get(f"{assignment}.ipynb")
    if source is None:
        return ""
    if _hash(source) != state.get(assignment):
        return f"{course.source(assignment)} was edited by hand"
    begun = _begun(course, assignment, book)
    return f"its grading has begun ({begun})" if begun else ""


def _fill(
    course: Course, told: Mapping[str, Texts], assignments: Iterable[Assignment], own: Path | None = None
) -> None:
    """Write source and release of these assignments, and the solutions of all, into a folder."""
    names = []
    for assignment in assignments:
        names.append(assignment.name)
        folder = course.root / "source" / assignment.name
        folder.mkdir(parents=True)
        for name, content in _files(course, told, assignment, own).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
    generate(course.root, names)
    course.solutions.mkdir(exist_ok=True)
    for assignment in course.assignments.values():
        for id in assignment.exercises:
            mine, kits = (own or course.own) / "solutions" / id, kit() / "exercises/solutions" / id
            shutil.copytree(mine if mine.is_dir() else kits, course.solutions / id)


def _files(
    course: Course, told: Mapping[str, Texts], assignment: Assignment, own: Path | None = None
) -> dict[str, bytes]:
    """The files of an assignment's source folder: its notebook, and the checks of own exercises."""
    texts = told.get(assignment.name)
    if texts is None:
        raise Trouble(f"The kit has no assignment {assignment.name!r}. It has: {', '.join(told)}.")
    chosen = [_chosen(own or course.own, texts, id) for id in assignment.exercises]
    made = as_bytes(notebook(texts, chosen, variant=course.term, course=course.name))
    files = {f"{assignment.name}.ipynb": made}
    for one in chosen:
        for name in FILES if one.module else ():
            files[f"{one.module}/{name}"] = ((own or course.own) / one.module / name).read_bytes()
    return files


def _chosen(own: Path, texts: Texts, id: str) -> Chosen:
    if id in texts.tasks:
        return kit_exercise(texts.tasks[id])
    if (own / folder_name(id)).is_dir():
        return own_exercise(own, id)
    raise Trouble(
        f"There is no exercise {id!r}: the kit's assignment {texts.assignment} has {', '.join(texts.tasks)}. "
        f"To begin one of your own: `classroom exercise {id}`."
    )


def _stored(course: Course, assignment: str) -> dict[str, bytes]:
    folder = course.source(assignment).parent
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _selected(source: bytes) -> tuple[str, tuple[str, ...]]:
    """The variant and the exercises of a source notebook; empty if it is damaged."""
    try:
        cells: list[dict[str, Any]] = json.loads(source)["cells"]
        setup = next("".join(cell["source"]) for cell in cells if str(cell["id"]).endswith("-setup"))
        found = re.search(r'(?m)^course\("([^"\n]*)"\)', setup)
        ids = [str(cell["id"]) for cell in cells]
        checked = tuple(id.removesuffix("-check") for id in ids if id.endswith("-check"))
        return found[1] if found else "", checked
    except (ValueError, KeyError, TypeError, StopIteration):
        return "", ()


def _begun(course: Course, assignment: str, book: Any) -> str:
    """How much was graded, in words; "" if grading has not begun."""
    records = len(list((course.records / assignment).glob("*.json")))
    if records:
        return many(records, "record")
    return _submitted(book, assignment)


def _submitted(book: Any, assignment: str) -> str:
    """The number of submissions in the gradebook, in words; "" for none."""
    try:
        submissions = len(book.find_assignment(assignment).submissions)
    except MissingEntry:
        return ""
    return f"{submissions} in the gradebook" if submissions else ""


def _replace(new: Path, old: Path) -> None:
    """Put a folder in the place of an old one, which is moved beside the place that the new one had."""
    old.parent.mkdir(parents=True, exist_ok=True)
    if old.exists():
        old.rename(new.with_name(f"{new.name}.old"))
    new.rename(old)


def _remember(course: Course, before: Mapping[str, str], made: Iterable[str]) -> None:
    """Note the hashes of the notebooks just written, so that later edits can be recognised."""
    made_now = {name: _hash(course.source(name).read_bytes()) for name in made}
    state = {"format": FORMAT, "notebooks": {**before, **made_now}}
    text = json.dumps(state, indent=1, sort_keys=True) + "\n"
    write_text(course.state / MADE, text)


def _state(course: Course) -> dict[str, str]:
    """The hashes of the notebooks that the kit wrote; {} if no readable note exists.

    Raises `Trouble` for a note of another format.
    """
    path = course.state / MADE
    try:
        state = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
    same_format(path, state.get("format"), FORMAT)
    return dict(state["notebooks"])


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
