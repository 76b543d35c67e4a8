"""The journal: what was predicted, kept on this machine, one append-only file per kernel.

Each kernel writes its own file, so that no lock is needed and no kernel can damage another's lines.
A reader merges all files. Nothing here leaves the machine.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

VERSION = 1
EVENTS = ("answer", "reveal")


@dataclass(frozen=True)
class Event:
    """One line of a journal. `option` is the letter given, empty for a reveal."""

    at: str
    event: str
    id: str
    option: str = ""


@dataclass(frozen=True)
class Standing:
    """Where one question stands: the first answer counts, `again` and `after` are kept beside it."""

    first: str | None = None
    again: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    revealed: bool = False

    @property
    def latest(self) -> str | None:
        """The letter given last, of whatever kind."""
        given = [*([self.first] if self.first else []), *self.again, *self.after]
        return given[-1] if given else None

    def then(self, event: Event) -> Standing:
        """The standing after one more event. The same letter given again changes nothing."""
        if event.event == "reveal":
            return Standing(self.first, self.again, self.after, True)
        if event.option == self.latest:
            return self
        if self.first is not None:
            return Standing(self.first, (*self.again, event.option), self.after, self.revealed)
        if self.revealed:
            return Standing(None, (), (*self.after, event.option), True)
        return Standing(event.option, (), (), False)


def home() -> Path:
    """The folder of this user's journals: `LIFECYCLE_HOME` if set, else the platform's for user data."""
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
        self._unsaved: list[Event] = []
        self.trouble = ""

    @property
    def folder(self) -> Path:
        """Where the files lie. Looked up at each use: a test or a student may move it."""
        return home() if self._folder is None else self._folder

    def add(self, event: str, question: str, option: str = "") -> None:
        """Append one event; never raises for a folder that cannot be written."""
        entry = Event(datetime.now(UTC).isoformat(timespec="microseconds"), event, question, option)
        # A forked process shares the name but not the file: it begins its own.
        if self._owner != os.getpid():
            self._owner, self._name = os.getpid(), f"{os.getpid()}-{uuid.uuid4().hex}.jsonl"
        line = json.dumps({"version": VERSION, **entry.__dict__}, ensure_ascii=True) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # One write of one whole line: a reader meets it whole or not at all.
            descriptor = os.open(
                self.folder / self._name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
            )
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

    def read(self) -> tuple[list[Event], list[str]]:
        """All events in the order of time, and one sentence for each line that was set aside."""
        dated: list[tuple[str, str, int, Event]] = []
        problems: list[str] = []
        try:
            paths = sorted(path for path in self.folder.glob("*.jsonl"))
        except (OSError, RuntimeError, ValueError):
            paths = []
        for path in paths:
            latest = ""
            try:
                lines = path.read_bytes().splitlines()
            except OSError as error:
                problems.append(f"{path.name}: cannot be read ({error.strerror or error}); set aside.")
                continue
            for number, line in enumerate(lines, 1):
                event = _parsed(line)
                if isinstance(event, str):
                    problems.append(f"{path.name}, line {number}: {event}; set aside.")
                    continue
                # Lines of one file keep their order even if the clock was set back between them.
                latest = max(latest, event.at)
                dated.append((latest, path.name, number, event))
        dated.sort(key=lambda item: item[:3])
        return [event for *_, event in dated] + self._unsaved, problems

    def standings(self) -> dict[str, Standing]:
        """Where each question stands that was ever answered or revealed."""
        return merged(self.read()[0])


def merged(events: Iterable[Event]) -> dict[str, Standing]:
    """Fold events, in order, into one standing per question.

    >>> merged([Event("1", "answer", "q", "B"), Event("2", "answer", "q", "A")])["q"]
    Standing(first='B', again=('A',), after=(), revealed=False)
    >>> merged([Event("1", "reveal", "q"), Event("2", "answer", "q", "A")])["q"].after
    ('A',)
    """
    found: dict[str, Standing] = {}
    for event in events:
        found[event.id] = found.get(event.id, Standing()).then(event)
    return found


def _parsed(line: bytes) -> Event | str:
    """The event on a line, or what is wrong with it."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return "not a whole line of JSON"
    if not isinstance(entry, dict) or not isinstance(entry.get("version"), int):
        return "not an event"
    if entry["version"] > VERSION:
        return f"written by a newer edition of the kit (version {entry['version']})"
    fields = [entry.get(name, "") for name in ("at", "event", "id", "option")]
    if not all(isinstance(field, str) for field in fields) or not fields[0] or not fields[2]:
        return "not an event"
    event = Event(*fields)
    if event.event not in EVENTS or (event.event == "answer") != bool(event.option):
        return f"an unknown event {event.event!r}"
    return event
