"""Whose file it is: how Canvas, Moodle and Ilias name the files of a download, and how students are named."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classroom.term import Enrolment

CANVAS = re.compile(r"(?s)(?P<name>.+?)_(?P<late>LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)")
"""A file of Canvas's download: lovelaceada_LATE_101_5551_leaks.ipynb."""

MOODLE = re.compile(
    r"(?s)(?P<name>.*?)_(?P<user>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.+)|_?)"
)
"""A folder or a file of Moodle's download: Ada Lovelace_1234_assignsubmission_file_."""

ILIAS = re.compile(r"(?s)(?P<names>.+_.+)_(?P<user>\d+)")
"""A folder of Ilias's download: Lovelace_Ada_ada_271."""

PLATFORMS = {"canvas": "Canvas", "moodle": "Moodle", "ilias": "Ilias", "folder": "a folder with names"}

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue"})


def letters(text: str) -> str:
    """A name without spaces, signs, case and accents.

    >>> letters("Müller-Groß, Zoë")
    'mullergrosszoe'
    """
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in parts if one.isalnum())


def platform(paths: Sequence[tuple[str, ...]]) -> str:
    """Which platform named these files, by most of them."""
    counts = {
        "moodle": sum(bool(MOODLE.fullmatch(path[0])) for path in paths),
        "canvas": sum(len(path) == 1 and bool(CANVAS.fullmatch(path[0])) for path in paths),
        "ilias": sum(_ilias(path) is not None for path in paths),
    }
    best = max(counts, key=lambda one: counts[one])
    return best if 2 * counts[best] > len(paths) else "folder"


def _ilias(path: Sequence[str]) -> int | None:
    """Which folder of a path names the student."""
    for number, part in enumerate(path[:-1][:3]):
        if (found := ILIAS.fullmatch(part)) and found["names"].count("_") >= 2:
            return number
    return None


@dataclass(frozen=True)
class Owned:
    """A file's student, and the file's own name. If there is no student, `why` says it.

    late: the platform marked it as late.
    """

    student: str = ""
    name: str = ""
    why: str = ""
    late: bool = False


class People:
    """The course's students, by everything that a platform can call them."""

    def __init__(self, students: Iterable[Any], roster: Mapping[str, Enrolment]) -> None:
        """students: nbgrader's. roster: what the kit knows besides."""
        self.strong: dict[str, set[str]] = defaultdict(set)
        self.lms: dict[str, set[str]] = defaultdict(set)
        self.names: dict[str, set[str]] = defaultdict(set)
        self.ids: set[str] = set()
        self.numbered: set[str] = set()
        for one in students:
            entry = roster.get(one.id, Enrolment())
            self.ids.add(one.id)
            for key in (one.id, one.email, entry.login, entry.number):
                if key:
                    self.strong[key.casefold()].add(one.id)
            if one.lms_user_id:
                self.lms[one.lms_user_id].add(one.id)
                self.numbered.add(one.id)
            first, last = one.first_name or "", one.last_name or ""
            for name in (f"{first} {last}", f"{last} {first}") if first or last else ():
                self.names[letters(name)].add(one.id)
                self.names[letters(name.translate(_UMLAUTS))].add(one.id)

    def owned(
        self, kind: str, path: tuple[str, ...], participants: Mapping[str, str], assignment: str = ""
    ) -> Owned:
        """Whose file it is.

        kind: the platform. participants: students by the number that Moodle gives them in this assignment.
        """
        if kind == "canvas":
            return self._canvas(path)
        if kind == "moodle":
            return self._moodle(path, participants)
        if kind == "ilias":
            return self._ilias(path)
        return self._folder(path, assignment)

    def _canvas(self, path: tuple[str, ...]) -> Owned:
        found = CANVAS.fullmatch(path[0]) if len(path) == 1 else None
        if not found:
            return Owned(name=path[-1], why="its name does not have Canvas's form")
        late = bool(found["late"])
        if ids := self.lms.get(found["user"]):
            return _one(ids, found["rest"], f"Canvas's id {found['user']}", late)
        # A student whose id in Canvas is known is not meant by another id.
        ids = self.names.get(letters(found["name"]), set()) - self.numbered
        return _one(ids, found["rest"], f"{found['name']} or Canvas's id {found['user']}", late)

    def _moodle(self, path: tuple[str, ...], participants: Mapping[str, str]) -> Owned:
        found = MOODLE.fullmatch(path[0])
        if not found:
            return Owned(name=path[-1], why="its name does not have Moodle's form")
        name = path[-1] if len(path) > 1 else found["rest"] or ""
        if found["plugin"] != "file":
            return Owned(name=name, why=f"it is Moodle's {found['plugin']}, not a submitted file")
        if student := participants.get(found["user"]):
            return Owned(student, name)
        ids = self.names.get(letters(found["name"]), set()) or self.strong.get(
            found["name"].casefold(), set()
        )
        return _one(ids, name, f"{found['name']}, participant {found['user']}")

    def _ilias(self, path: tuple[str, ...]) -> Owned:
        number = _ilias(path)
        found = ILIAS.fullmatch(path[number]) if number is not None else None
        if not found:
            return Owned(name=path[-1], why="no folder of it has Ilias's form")
        parts = found["names"].split("_")
        # A login can contain the sign that separates it from the name.
        for start in range(2, len(parts)):
            if ids := self.strong.get("_".join(parts[start:]).casefold()):
                return _one(ids, path[-1], found["names"])
        ids = self.lms.get(found["user"]) or self.names.get(letters("".join(parts[:-1])), set())
        return _one(ids, path[-1], f"{parts[-1]} or {' '.join(parts[:-1])}")

    def _folder(self, path: tuple[str, ...], assignment: str) -> Owned:
        stem = path[-1].rpartition(".")[0] or path[-1]
        several: set[str] = set()
        for part in (*path[:-1], stem):
            ids = self._named(part, assignment)
            if len(ids) == 1:
                return Owned(min(ids), path[-1])
            several = several or ids
        return _one(several, path[-1], "/".join(path))

    def _named(self, part: str, assignment: str) -> set[str]:
        """The students whom a folder's or a file's name can mean."""
        bare = (
            re.sub(rf"(?i)(^|[\s_.-]+){re.escape(assignment)}([\s_.-]+|$)", r"\1\2", part)
            if assignment
            else part
        )
        bare = bare.strip(" _.-")
        for text in (part, bare):
            if ids := self.strong.get(text.casefold()):
                return ids
        # Of several words, one can be an id: an id inside a longer word is chance.
        words = re.split(r"[\s_,;()]+", bare)
        found = {id for word in words for id in self.strong.get(word.casefold(), ())}
        return found or self.names.get(letters(bare), set())


def _one(ids: set[str], name: str, called: str, late: bool = False) -> Owned:
    if len(ids) == 1:
        return Owned(min(ids), name, late=late)
    if ids:
        return Owned(name=name, why=f"{called} can be {' or '.join(sorted(ids))}")
    return Owned(name=name, why=f"no student is called {called}")
