"""The journal of predictions and checks, stored on this machine, with one append-only file for each kernel.

Each kernel writes its own file, so that no lock is needed and no kernel can damage another's lines.
A reader merges all files. Nothing leaves the machine, and nothing is deleted: a reset of a lesson is one more
line.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

from lessons.words import many

VERSION = 2
OUTCOMES = ("missing", "wrong", "almost", "correct")
"""The verdicts of a check, from no answer to everything right."""

OPTIONS: dict[str, Callable[[str], bool]] = {
    "answer": bool,
    "because": bool,
    "reveal": lambda option: not option,
    "check": OUTCOMES.__contains__,
    "recall": ("right", "wrong").__contains__,
    "arrange": lambda option: not option,
    "reset": lambda option: not option,
}
"""The kinds of events, and which `option` each of them allows."""


@dataclass(frozen=True)
class Line:
    """One line of a journal.

    answer: `id` is the question, `option` the key of the option, `guess` whether it was called a guess.

    because: `option` is the reason that the student wrote. reveal: `id` is the question. check: `id` is the
    exercise, `option` the outcome, `misconception` the belief behind a wrong one, `edition` the check's
    version. reset: `id` is the lesson's short name. recall: `id` is the question whose variant was answered,
    `option` "right" or "wrong", `misconception` its belief, `guess` as in an answer. arrange: `id` is the
    problem that was solved.
    """

    at: str
    event: str
    id: str
    option: str = ""
    misconception: str = ""
    edition: str = ""
    guess: bool = False


@dataclass(frozen=True)
class Standing:
    """The state of one question. The first answer counts; `again` and `after` are stored too.

    Answers are keys of options. `guess` says whether the first one was called a guess.
    """

    first: str | None = None
    again: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    revealed: bool = False
    guess: bool = False
    because: str = ""

    @property
    def latest(self) -> str | None:
        """The last answer of any kind."""
        given = [*([self.first] if self.first else []), *self.again, *self.after]
        return given[-1] if given else None

    def then(self, event: Line) -> Standing:
        """The state after one more event. Giving the same answer again changes nothing."""
        if event.event == "reveal":
            return replace(self, revealed=True)
        if event.event == "because":
            return replace(self, because=event.option)
        if event.option == self.latest:
            return self
        if self.first is not None:
            return replace(self, again=(*self.again, event.option))
        if self.revealed:
            return replace(self, after=(*self.after, event.option))
        return replace(self, first=event.option, guess=event.guess)


@dataclass(frozen=True)
class Checked:
    """The state of one exercise: the last verdict, and whether an earlier one was "correct"."""

    outcome: str
    misconception: str = ""
    edition: str = ""
    passed: bool = False


def now() -> datetime:
    """The time for events and due questions; a test may use another one."""
    return datetime.now(UTC)


def home() -> Path:
    """The folder of this user's journals: `LIFECYCLE_HOME` if set, else the platform's user data folder."""
    chosen = os.environ.get("LIFECYCLE_HOME")
    if chosen:
        return Path(chosen).expanduser() / "progress"
    try:
        import platformdirs
    except ImportError:
        return Path.home() / ".lifecycle" / "progress"
    return Path(platformdirs.user_data_path("lifecycle", appauthor=False)) / "progress"


class Journal:
    """Events of all kernels merged, and this kernel's own file.

    If the folder cannot be written, events are kept in memory and `trouble` says so in one sentence.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._name = ""
        self._owner = 0
        self._unsaved: list[Line] = []
        self.trouble = ""

    @property
    def folder(self) -> Path:
        """The folder of the files. It is looked up at each use, because it may change."""
        return home() if self._folder is None else self._folder

    def add(
        self, event: str, id: str, option: str = "", misconception: str = "", edition: str = "",
        guess: bool = False,
    ) -> None:  # fmt: skip
        """Append one event; never raises for a folder that cannot be written."""
        at = now().isoformat(timespec="microseconds")
        entry = Line(at, event, id, option, misconception, edition, guess)
        # A forked process has the same name but must not share the file, so it begins its own.
        if self._owner != os.getpid():
            self._owner, self._name = os.getpid(), f"{os.getpid()}-{uuid.uuid4().hex}.jsonl"
        line = _line(entry)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # One write of one whole line, so a reader sees it completely or not at all.
            descriptor = os.open(self.folder / self._name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line.encode("ascii"))
            finally:
                os.close(descriptor)
        except (OSError, RuntimeError, ValueError) as error:
            self._unsaved.append(entry)
            reason = getattr(error, "strerror", None) or error
            self.trouble = (
                f"Your answers cannot be saved ({reason}). They count until this kernel stops. "
                "To keep them, set LIFECYCLE_HOME to a folder that you may write to, and restart."
            )

    def read(self) -> tuple[list[Line], list[str]]:
        """All events in order of time, and a sentence for each line or file that was set aside.

        A line that is set aside stays in its file: each kernel writes a file of its own.
        """
        dated: list[tuple[str, str, int, Line]] = []
        problems: list[str] = []
        try:
            paths = sorted(path for path in self.folder.glob("*.jsonl"))
        except (OSError, RuntimeError, ValueError):
            paths = []
        for path in paths:
            events, aside = read_file(path)
            # Lines of one file keep their order even if the clock was set back between them.
            latest = list(accumulate((event.at for event in events), max))
            dated += [
                (at, path.name, number, event)
                for number, (at, event) in enumerate(zip(latest, events, strict=True))
            ]
            problems += aside
        dated.sort(key=lambda item: item[:3])
        # An exported file in the folder repeats existing events.
        return list(dict.fromkeys(event for *_, event in dated)) + self._unsaved, problems

    def export(self, path: Path) -> tuple[int, bool]:
        """Write all events into a new file at `path`; return how many, and whether anything was set aside.

        The file is itself a journal: in another machine's folder it adds its events there. Raises OSError if
        it cannot be written, FileExistsError if the file exists already.
        """
        events, problems = self.read()
        with open(path, "x", encoding="ascii", newline="\n") as file:
            file.writelines(map(_line, events))
        return len(events), bool(problems)

    def standings(self) -> dict[str, Standing]:
        """The state of each question that was ever answered or revealed."""
        return merged(self.read()[0])


def read_file(path: Path) -> tuple[list[Line], list[str]]:
    """The events of one file, such as an export, and a sentence for each line that was set aside."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        return [], [f"{path.name}: cannot be read ({error.strerror or error}); set aside."]
    events: list[Line] = []
    problems: list[str] = []
    others = Counter[int]()
    for number, line in enumerate(lines, 1):
        event = _parsed(line)
        if isinstance(event, int):
            others[event] += 1
        elif isinstance(event, str):
            problems.append(f"{path.name}, line {number}: {event}; set aside.")
        else:
            events.append(event)
    problems += [
        f"{path.name}: {many(count, 'line')} of version {version}, but this kit reads version "
        f"{VERSION}; set aside."
        for version, count in others.items()
    ]
    return events, problems


def merged(events: Iterable[Line]) -> dict[str, Standing]:
    """Fold events, in order, into one standing per question.

    >>> merged([Line("1", "answer", "q", "B"), Line("2", "answer", "q", "A")])["q"]
    Standing(first='B', again=('A',), after=(), revealed=False, guess=False, because='')
    >>> merged([Line("1", "reveal", "q"), Line("2", "answer", "q", "A")])["q"].after
    ('A',)
    """
    found: dict[str, Standing] = {}
    for event in since_reset(events):
        if event.event in ("answer", "because", "reveal"):
            found[event.id] = found.get(event.id, Standing()).then(event)
    return found


def checks(events: Iterable[Line]) -> dict[str, Checked]:
    """Fold events, in order, into the state of each exercise.

    >>> checks([Line("1", "check", "leaks-x1", "correct"), Line("2", "check", "leaks-x1", "wrong", "m")])
    {'leaks-x1': Checked(outcome='wrong', misconception='m', edition='', passed=True)}
    """
    found: dict[str, Checked] = {}
    for event in since_reset(events):
        if event.event == "check":
            before = found.get(event.id)
            passed = event.option == "correct" or (before is not None and before.passed)
            found[event.id] = Checked(event.option, event.misconception, event.edition, passed)
    return found


def since_reset(events: Iterable[Line]) -> list[Line]:
    """The events that count: for each lesson, those after its last reset."""
    kept: list[Line] = []
    for event in events:
        if event.event == "reset":
            kept = [one for one in kept if lesson_of(one.id) != event.id]
        else:
            kept.append(event)
    return kept


def lesson_of(id: str) -> str:
    """The lesson to which a question or an exercise belongs.

    >>> lesson_of("leaks-x2")
    'leaks'
    """
    return id.partition("-")[0]


def _line(entry: Line) -> str:
    # A line has only the fields that it needs: for example, only checks have a check's fields.
    extra = {"misconception": entry.misconception, "edition": entry.edition, "guess": entry.guess}
    fields: dict[str, object] = {
        "at": entry.at, "event": entry.event, "id": entry.id, "option": entry.option,
    }  # fmt: skip
    fields |= {name: value for name, value in extra.items() if value}
    return json.dumps({"version": VERSION, **fields}, ensure_ascii=True) + "\n"


def _parsed(line: bytes) -> Line | str | int:
    """The event on a line, or what is wrong with it, or the other version that it has."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return "not a whole line of JSON"
    if not isinstance(entry, dict) or type(entry.get("version")) is not int:
        return "not an event"
    if entry["version"] != VERSION:
        return int(entry["version"])
    fields = [entry.get(name, "") for name in ("at", "event", "id", "option", "misconception", "edition")]
    if not all(isinstance(field, str) for field in fields) or not fields[0] or not fields[2]:
        return "not an event"
    event = replace(Line(*fields), guess=entry.get("guess") is True)
    if event.event not in OPTIONS or not OPTIONS[event.event](event.option):
        return f"an unknown event {event.event!r}"
    return event
