"""When each student submitted, from a table that a platform exported."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from pathlib import Path

from classroom.export import Sheet
from classroom.intake import printable
from classroom.naming import People, letters
from classroom.trouble import Trouble

TIME = (
    "last modified (submission)", "zuletzt geändert (abgabe)", "zuletzt geändert (einreichung)", "submitted",
    "submitted at", "submission date", "timestamp", "time",
)  # fmt: skip
"""The headers of a column of times: Moodle's in English and German, and plain words."""

PARTICIPANT = re.compile(r"(?i)(?:participant|teilnehmer\S*?)\s*(\d+)")
"""How Moodle's worksheet names a student: by a number that is used in one assignment only."""

NONE = ("", "-", "\N{EN DASH}")
"""What a table has in place of a time if nothing was submitted."""

_MONTHS = {
    "januar": "January", "februar": "February", "märz": "March", "mai": "May", "juni": "June", "juli": "July",
    "oktober": "October", "dezember": "December",
}  # fmt: skip
_DAYS = re.compile(r"(?i)^\s*(montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\s*,\s*")


def parsed(text: str, zone: tzinfo) -> datetime | None:
    """A time in UTC, from any usual way to write it; None for any other text.

    zone: the zone of a time that names none.

    >>> str(parsed("Monday, 30 November 2026, 11:59 PM", UTC)), parsed("23:59", UTC)
    ('2026-11-30 23:59:00+00:00', None)
    >>> str(parsed("Dienstag, 1. Dezember 2026, 08:15", UTC)), parsed("soon", UTC)
    ('2026-12-01 08:15:00+00:00', None)
    """
    from dateutil.parser import parse  # type: ignore[import-untyped]

    plain = _DAYS.sub("", text.strip())
    plain = re.sub(r"[^\W\d_]+", lambda word: _MONTHS.get(word[0].lower(), word[0]), plain)
    if not re.search(r"\d", plain) or len(plain) > 100:
        return None
    # 01.12.2026 has the day first; 2026-12-01 and 12/01/2026 do not.
    days_first = bool(re.match(r"\d{1,2}\.", plain))
    try:
        time: datetime = parse(plain, dayfirst=days_first)
        if not dated(plain, days_first):
            return None
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except Exception:
        # A parser of free text fails in many ways.
        return None


def dated(text: str, days_first: bool = False) -> bool:
    """Whether a text has a whole date. The parser takes what is missing from today.

    >>> dated("2026-11-30 23:59"), dated("23:59"), dated("30 November")
    (True, False, False)

    Raises what the parser raises.
    """
    from dateutil.parser import parse

    defaults = (datetime(2000, 1, 1), datetime(2001, 2, 2))
    first, second = (parse(text, dayfirst=days_first, default=one, ignoretz=True) for one in defaults)
    return bool(first.date() == second.date())


@dataclass(frozen=True)
class Times:
    """Times of submissions by student, and students by the number that Moodle gives them in an assignment."""

    of: dict[str, datetime] = field(default_factory=dict)
    participants: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, people: People, zone: tzinfo) -> Times:
        """The times in a table. Raises `Trouble` for a row with something that is not a time."""
        sheet = Sheet.read(path)
        header, *body = sheet.lines
        names = [" ".join(name.casefold().split()) for name in header]
        columns = [number for number, name in enumerate(names) if name in TIME]
        if not columns:
            raise Trouble(
                f"{path}, line 1: no column is known to have the times of submissions. It may be called "
                f"'Last modified (submission)', as in Moodle's worksheet, or 'submitted'; there are: "
                f"{', '.join(map(repr, header))}."
            )
        times = cls()
        for number, row in enumerate(body, 2):
            cells = [cell.strip() for cell in row]
            student = _student(cells, people)
            if student is None:
                continue
            for cell in cells:
                if numbered := PARTICIPANT.fullmatch(cell):
                    times.participants[numbered[1]] = student
            text = cells[columns[0]] if columns[0] < len(cells) else ""
            if text in NONE:
                continue
            time = parsed(text, zone)
            if time is None:
                raise Trouble(
                    f"{path}, line {number}: {printable(text, 60)!r} is not a time; allowed is a day and a "
                    "time such as 2026-11-30 23:59."
                )
            times.of[student] = time
        if not times.of and not times.participants:
            raise Trouble(f"{path} has no row with a student of the roster.")
        return times


def _student(cells: list[str], people: People) -> str | None:
    """The student of a row: by an id, an address or a number, else by a name that only one has."""
    for cell in cells:
        if len(ids := people.strong.get(cell.casefold(), set())) == 1:
            return min(ids)
    names = [*cells, *(f"{one} {two}" for one, two in pairwise(cells))]
    for name in names:
        if name and len(ids := people.names.get(letters(name), set())) == 1:
            return min(ids)
    return None
