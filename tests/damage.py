"""Damaged submissions, archives and records, drawn from a seed, and what may come of each kind of damage."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ASSIGNMENT = "leaks"
HUGE = 20_000_001

Draw = random.Random
Broken = Callable[[Draw, bytes], bytes]
Laid = Callable[[Draw, Path, bytes], None]

RUNS = frozenset({"graded", "late"})
REFUSED = frozenset({"unreadable", "not a notebook", "empty", "huge", "foreign"})
RENAMED = frozenset({"renamed"})


def nested(levels: int) -> str:
    """JSON in so many brackets."""
    return "[" * levels + "]" * levels


def odd(draw: Draw) -> Any:
    """A value that a notebook does not expect."""
    return draw.choice(
        [None, True, 7, -1e308, 10**40, "", "\0", "\ud800", "x" * 99, [], {}, [None], [[1]], {"a": [1]}, "²"]
    )


# Bytes


def cut(draw: Draw, whole: bytes) -> bytes:
    return whole[: draw.randrange(len(whole) - 1)]


def flipped(draw: Draw, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(draw.choice([1, 1, 3, 50])):
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def with_nul(draw: Draw, whole: bytes) -> bytes:
    place = draw.randrange(len(whole))
    return draw.choice([whole[:place] + b"\0" * 9 + whole[place:], bytes(len(whole)), whole + b"\0"])


def encoded(draw: Draw, whole: bytes) -> bytes:
    text = json.dumps(json.loads(whole) | {"name": "Zoë Ångström €"}, ensure_ascii=False)
    coding = draw.choice(["utf-16", "utf-16-le", "utf-32", "cp1252", "utf-7", "cp037"])
    return text.encode(coding, "replace")


def marked(draw: Draw, whole: bytes) -> bytes:
    return b"\xef\xbb\xbf" + whole


def windows(draw: Draw, whole: bytes) -> bytes:
    text = json.dumps(json.loads(whole), indent=1)
    return text.replace("\n", draw.choice(["\r\n", "\r"])).encode()


def another_file(draw: Draw, whole: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("leaks.ipynb", whole)
    return draw.choice(
        [
            gzip.compress(whole, mtime=0), packed.getvalue(), b"<!DOCTYPE html><title>Sign in</title>",
            b"%PDF-1.7\n",
            b"import this\n", b"<<<<<<< HEAD\n" + whole + b"\n=======\n", whole + whole, b"null", b'"{}"',
            b"3",
            b"version https://git-lfs.github.com/spec/v1\n", draw.randbytes(2_000), b"", b" \n\t", b"{}",
        ]
    )  # fmt: skip


def numbers(draw: Draw, whole: bytes) -> bytes:
    number = draw.choice([b"9" * 5_000, b"-" + b"9" * 5_000, b"1e999", b"0x10", b"NaN", b"-Infinity", b"01"])
    return whole.replace(b'"nbformat": 4', b'"nbformat": ' + number, 1)


def deep(draw: Draw, whole: bytes) -> bytes:
    levels = nested(draw.choice([100, 990, 3_000, 100_000]))
    place = draw.choice([b'"cells": ', b'"nbformat": ', b'"source": ', b'"metadata": '])
    return whole.replace(place, place + levels.encode() + b', "x": ', 1)


# The structure of a notebook


def structure(change: Callable[[Draw, dict[str, Any]], None]) -> Broken:
    """A kind of damage that changes the parsed notebook."""

    def changed(draw: Draw, whole: bytes) -> bytes:
        book = json.loads(whole)
        change(draw, book)
        return json.dumps(book).encode()

    return changed


def some(draw: Draw, book: dict[str, Any]) -> list[Any]:
    """Some of the cells."""
    cells: list[Any] = book["cells"]
    return draw.sample(cells, draw.randint(1, len(cells)))


def missing(draw: Draw, book: dict[str, Any]) -> None:
    gone = [draw.choice([one for one in book["cells"] if "nbgrader" in one["metadata"]]), *some(draw, book)]
    book["cells"] = [one for one in book["cells"] if one not in gone]


def doubled(draw: Draw, book: dict[str, Any]) -> None:
    for one in some(draw, book):
        book["cells"].insert(draw.randrange(len(book["cells"]) + 1), json.loads(json.dumps(one)))


def reordered(draw: Draw, book: dict[str, Any]) -> None:
    draw.shuffle(book["cells"])


def other_format(draw: Draw, book: dict[str, Any]) -> None:
    if draw.random() < 0.5:
        book["worksheets"] = [{"cells": book.pop("cells")}]
        book["nbformat"] = 3
    else:
        book["nbformat"] = draw.choice([1, 5, 99, "4", None, -4, 4.5, []])
        book["nbformat_minor"] = odd(draw)


def wrong_types(draw: Draw, book: dict[str, Any]) -> None:
    for one in some(draw, book):
        one[draw.choice(sorted(one))] = odd(draw)
    if draw.random() < 0.2:
        book[draw.choice(["cells", "metadata"])] = odd(draw)


def no_cells(draw: Draw, book: dict[str, Any]) -> None:
    for number in draw.sample(range(len(book["cells"])), 4):
        book["cells"][number] = odd(draw)


def outputs(draw: Draw, book: dict[str, Any]) -> None:
    for one in book["cells"]:
        if one["cell_type"] == "code":
            text = draw.choice(["y" * 200_000, "\ud800", "\x1b[2J" * 999, "\0"])
            data = {"text/html": [text], "application/json": odd(draw), "image/png": 7}
            one["outputs"] = [{"output_type": "display_data", "data": data}, odd(draw)]


def too_many(draw: Draw, book: dict[str, Any]) -> None:
    book["cells"] *= 1_001 // len(book["cells"]) + 1


def attached(draw: Draw, book: dict[str, Any]) -> None:
    for one in some(draw, book):
        pictures = {"image/png": odd(draw), "text/html": "<script>"}
        one["attachments"] = draw.choice([{"a\0b": pictures}, odd(draw), {"../../x.png": pictures}])


# Metadata


def ids_missing(draw: Draw, book: dict[str, Any]) -> None:
    for one in some(draw, book):
        one["metadata"] = draw.choice([{}, None, {"nbgrader": odd(draw)}])
        if draw.random() < 0.5:
            one.pop("id", None)


def ids_twice(draw: Draw, book: dict[str, Any]) -> None:
    named = [one for one in book["cells"] if "nbgrader" in one["metadata"]]
    wanted = draw.choice(named)["metadata"]["nbgrader"]["grade_id"]
    for one in draw.sample(named, draw.randint(1, len(named))):
        one["metadata"]["nbgrader"]["grade_id"] = wanted
        one["id"] = draw.choice([wanted, one["id"]])


def another_assignment(draw: Draw, book: dict[str, Any]) -> None:
    for one in book["cells"]:
        one["id"] = "c" + one["id"].replace("leaks", "chains")
        one["source"] = "print()"
        if "nbgrader" in one["metadata"]:
            one["metadata"]["nbgrader"]["grade_id"] = one["id"]


def points(draw: Draw, book: dict[str, Any]) -> None:
    for one in book["cells"]:
        if about := one["metadata"].get("nbgrader"):
            about |= {
                "points": draw.choice([99, -1, 1e308, "7", None, []]),
                "locked": odd(draw),
                "grade": odd(draw),
            }
            about |= {"schema_version": odd(draw), "solution": odd(draw), "task": True, "checksum": odd(draw)}


def kernels(draw: Draw, book: dict[str, Any]) -> None:
    book["metadata"] = draw.choice(
        [{"kernelspec": {"name": "bash"}}, {"kernelspec": odd(draw)}, {"language_info": odd(draw)}, odd(draw)]
    )


BROKEN: Mapping[str, tuple[Broken, frozenset[str]]] = {
    "bytes cut": (cut, REFUSED),
    "bytes flipped": (flipped, REFUSED | RUNS),
    "NUL": (with_nul, REFUSED | RUNS),
    "wrong encoding": (encoded, REFUSED | RUNS),
    "BOM": (marked, RUNS),
    "line ends": (windows, RUNS),
    "another file": (another_file, REFUSED),
    "numbers": (numbers, REFUSED | RUNS),
    "nesting": (deep, REFUSED | RUNS),
    "cells missing": (structure(missing), RUNS | {"empty", "foreign"}),
    "cells twice": (structure(doubled), RUNS),
    "cells reordered": (structure(reordered), RUNS),
    "nbformat": (structure(other_format), RUNS | {"not a notebook"}),
    "wrong types": (structure(wrong_types), RUNS | {"not a notebook", "foreign", "empty"}),
    "cells that are none": (structure(no_cells), RUNS | {"foreign"}),
    "outputs": (structure(outputs), RUNS),
    "too many cells": (structure(too_many), frozenset({"huge"})),
    "attachments": (structure(attached), RUNS),
    "ids missing": (structure(ids_missing), RUNS | {"foreign"}),
    "ids twice": (structure(ids_twice), RUNS),
    "another assignment": (structure(another_assignment), frozenset({"foreign"})),
    "points": (structure(points), RUNS),
    "kernel": (structure(kernels), RUNS),
}
"""By name: damage to a notebook's bytes, and the statuses that the record may have."""


# Files and folders


def written(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


NAMES = (
    "Leaks.ipynb", "LEAKS.IPYNB", "leaks (1).ipynb", " leaks.ipynb", "leaks.ipynb ", "leaks..ipynb",
    "-rf.ipynb",
    "lëaks.ipynb", "le\u0308aks.ipynb", "a\nb.ipynb", "\x1b[2J.ipynb", "\u202ebynpi.ipynb", "%s{0}.ipynb",
    "[a]*?.ipynb", "😀" * 50 + ".ipynb", "a" * 249 + ".ipynb", "'\"`$(x).ipynb", "sub/leaks.ipynb",
    "a/b/c/d/e/f.ipynb", "leaks/leaks.ipynb", "con.ipynb", "x" * 200 + "/" + "y" * 200 + "/z.ipynb",
)  # fmt: skip
"""Names that a notebook has instead of its own."""


def misnamed(draw: Draw, place: Path, whole: bytes) -> None:
    name = draw.choice([*NAMES, os.fsdecode(b"\xff\xfe.ipynb")])
    written(place / name, whole)


def several(draw: Draw, place: Path, whole: bytes) -> None:
    for name in draw.sample(NAMES, draw.randint(2, 9)):
        written(place / name, whole)


def without(draw: Draw, place: Path, whole: bytes) -> None:
    place.mkdir(parents=True)
    for name in draw.sample(
        ["leaks.py", "leaks.pdf", "leaks.ipynb.txt", "leaks", "\x07", "a" * 255], draw.randint(0, 6)
    ):
        (place / name).write_bytes(whole[:99])


def hidden(draw: Draw, place: Path, whole: bytes) -> None:
    """A notebook of another name, with what computers put beside it."""
    written(place / "mine.ipynb", whole)
    for name in (
        "__MACOSX/._mine.ipynb",
        "._mine.ipynb",
        ".ipynb_checkpoints/mine-checkpoint.ipynb",
        ".DS_Store",
    ):
        written(place / name, b"\0\5\x16\7")


def linked(draw: Draw, place: Path, whole: bytes) -> None:
    place.mkdir(parents=True)
    target = draw.choice(["/etc/passwd", "nowhere", ".", "leaks.ipynb", "../../../course.toml", "/dev/zero"])
    (place / draw.choice(["leaks.ipynb", "other.ipynb"])).symlink_to(target)


def link_of_folder(draw: Draw, place: Path, whole: bytes) -> None:
    place.parent.mkdir(parents=True)
    place.symlink_to(draw.choice(["/", "..", "nowhere", str(place.parent)]))


def no_folder(draw: Draw, place: Path, whole: bytes) -> None:
    written(place, draw.choice([whole, b""]))


def special(draw: Draw, place: Path, whole: bytes) -> None:
    place.mkdir(parents=True)
    draw.choice([lambda path: os.mkfifo(path), lambda path: path.mkdir()])(place / "leaks.ipynb")


def huge(draw: Draw, place: Path, whole: bytes) -> None:
    place.mkdir(parents=True)
    with (place / draw.choice(["leaks.ipynb", "big.ipynb"])).open("wb") as file:
        file.truncate(draw.choice([HUGE, HUGE * 400]))


TIMES = (
    "2126-01-01 00:00:00 UTC", "9999-12-31 23:59:59 UTC", "9999-12-31 23:59:59 -14:00",
    "1969-12-31 23:59:59 UTC",
    "0001-01-01 00:00:00 UTC", "0001-01-01 00:00 +14:00", "2026-11-24 12:00:00", "2026-11-24T12:00:00Z",
    "2026-11-24 12:00:00 Nowhere/Town", "2026-11-24 12:00:00 /etc/passwd", "2026-11-24 12:00:00 99999999999",
    "24.11.2026 12:00", "2026-W48-2", "2026-11-24 23:59:60 UTC", "2026-02-30 10:00",
)  # fmt: skip
"""Texts with a whole date; some have no time that exists."""

NO_TIMES = (
    "12:00", "soon", "7", "1" * 40, "12:" + "1" * 40, "\0", "\ud800", "Tuesday", "0000-00-00 00:00:00",
    "nan", "-1",
    "10 a.m.", "∞", "2026", "Nov", "{}", "%Y-%m-%d", "x" * 999, "2026-11-24 " * 9,
)  # fmt: skip
"""Texts that say no day, or not which."""


def timed(draw: Draw, place: Path, whole: bytes) -> None:
    written(place / "leaks.ipynb", whole)
    (place / "timestamp.txt").write_text(draw.choice(TIMES), encoding="utf-8")


def mistimed(draw: Draw, place: Path, whole: bytes) -> None:
    written(place / "leaks.ipynb", whole)
    stamp = place / "timestamp.txt"
    kind = draw.randrange(5)
    if kind == 0:
        stamp.mkdir()
    elif kind == 1:
        stamp.symlink_to("/etc/hostname")
    elif kind == 2:
        stamp.write_bytes(draw.choice([b"\xff\xfe\0\0", b"9" * 2_000, draw.randbytes(30) + b"\xff"]))
    else:
        stamp.write_text(draw.choice(NO_TIMES), encoding="utf-8", errors="surrogatepass")


LAID: Mapping[str, tuple[Laid, frozenset[str]]] = {
    "misnamed": (misnamed, RENAMED | RUNS),
    "several notebooks": (several, RENAMED),
    "no notebook": (without, frozenset({"empty", "not a notebook"})),
    "hidden files": (hidden, RENAMED),
    "links": (linked, frozenset({"unreadable"})),
    "folder is a link": (link_of_folder, frozenset({"unreadable"})),
    "folder is a file": (no_folder, frozenset({"not a notebook"})),
    "not a plain file": (special, frozenset({"not a notebook"})),
    "huge file": (huge, frozenset({"huge"})),
    "odd times": (timed, RUNS),
    "no time": (mistimed, RUNS),
}
"""By name: damage to the folder of a submission, and the statuses that the record may have."""

STUDENTS = (
    "ada", "Zoë", "Zoe\u0308", "a b", " a", "a ", "a.", "a..b", ".hidden", "...", "-x", "--all", "%s", "{0}",
    "[a]", "a*b?", "a'b", 'a"b', "a;b", "$(a)", "~", "a\\b", "😀", "\u202eada", "con", "nul.txt", "records",
    "earlier",
    "submitted", "a,b", "a\tb", "a\nb", "\x1b[2J", "\x7f", "a" * 199, "a" * 201, "ü" * 120, "😀" * 60, "1",
    "None",
    "=1+1", "@a", ".lock", "a.json", ".json", "json.", "null", "\u2028", "\ufeffa", "\U0001d51e",
    os.fsdecode(b"\xff\xfeb"),
)  # fmt: skip
"""Names of students' folders."""


def student(draw: Draw, number: int) -> str:
    """A student's name that no other number has; every third is an odd one."""
    if number % 3:
        return f"student{number}"
    if number // 3 < len(STUDENTS):
        return STUDENTS[number // 3]
    name = draw.choice(STUDENTS)
    return draw.choice([f"{name}-{number}", f"{number}-{name}"])


TELLING = frozenset({"cells that are none", "no time", "cells missing"})
"""Damage of which the record says something, also if the rest is graded."""


def kinds() -> list[str]:
    """All kinds of damage."""
    return [*BROKEN, *LAID]


def lay(draw: Draw, submitted: Path, whole: bytes, name: str, kind: str) -> frozenset[str]:
    """Put one damaged submission into `submitted/`; the statuses that its record may have."""
    place = submitted / name / ASSIGNMENT
    if kind in BROKEN:
        broken, allowed = BROKEN[kind]
        written(place / "leaks.ipynb", broken(draw, whole))
    else:
        laid, allowed = LAID[kind]
        laid(draw, place, whole)
    return allowed


# Archives


def entry(draw: Draw, number: int, whole: bytes, kind: str) -> tuple[str, bytes, int]:
    """One damaged entry of Canvas's download for the student of this number: name, content, compression."""
    name, data, how = f"student{number}_{number}_{number + 5_000}_leaks.ipynb", whole, zipfile.ZIP_DEFLATED
    if kind == "bomb":
        data = bytes(HUGE + draw.randrange(99))
        how = draw.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    elif kind == "packed":
        how = draw.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    elif kind == "leads out":
        front = draw.choice(
            ["../", "../../../", "/", "/etc/", "C:\\", "c:/", "..\\..\\", "a/../../", "//host/"]
        )
        name = front + name
    elif kind == "nested":
        name, data = name.replace(".ipynb", ".zip"), another_file(random.Random(0), whole)
    elif kind == "name":
        rest = draw.choice(
            ["\n.ipynb", "\x1b[2J.ipynb", "😀" * 99 + ".pdf", "a" * 900 + ".ipynb", "_" * 60_000, "..",
            "...", " ", "leaks",
             "\u202ebynpi.pdf", "con.ipynb", ".ipynb", "timestamp.txt", "not-collected.txt", ".hidden",
             "a\\b\\leaks.ipynb"]
        )  # fmt: skip
        name = name.replace("leaks.ipynb", rest)
    elif kind == "deep":
        name = "a/" * draw.choice([2, 19, 21, 500]) + name
    elif kind == "content":
        broken, _ = BROKEN[draw.choice(sorted(BROKEN))]
        data = broken(draw, whole)
    return name, data, how


def stated(draw: Draw, made: zipfile.ZipInfo, kind: str) -> None:
    """Change what the list at the end of an archive states of an entry."""
    if kind == "states":
        change = draw.randrange(7)
        if change == 0:
            made.CRC ^= 1
        elif change == 1:
            made.file_size = draw.choice([0, 1, 2**31])
        elif change == 2:
            made.compress_size = draw.choice([0, 1, made.compress_size - 1])
        elif change == 3:
            made.flag_bits |= draw.choice([0x1, 0x20, 0x40])
        elif change == 4:
            made.compress_type = draw.choice([1, 9, 12, 14, 93, 99])
        elif change == 5:
            made.header_offset = draw.choice([0, 7, made.header_offset + 1])
        else:
            made.filename = made.filename.replace("leaks", "other")
    elif kind == "link":
        made.external_attr = draw.choice([0o120777, 0o010644, 0o060644, 0o040755]) << 16
    elif kind == "time":
        made.date_time = draw.choice(
            [(1980, 0, 0, 0, 0, 0), (2107, 15, 31, 31, 63, 62), (1980, 2, 30, 25, 61, 61)]
        )
        made.extra = draw.choice(
            [b"", b"UT\5\0\1\xff\xff\xff\xff", b"UT\1\0\0", b"UT\1\0\1", b"\1\0\x08\0" + b"\xff" * 8]
        )


ENTRIES = (
    "bomb", "packed", "leads out", "twice", "nested", "name", "deep", "content", "states", "link", "time",
    "folder",
    "cases",
)  # fmt: skip


def archive(draw: Draw, path: Path, whole: bytes, numbers: range) -> dict[int, str]:
    """Write Canvas's download with a damaged entry for each student; the kinds by the student's number.

    The student before them has a good one.
    """
    kinds = {number: draw.choice(ENTRIES) for number in numbers}
    with zipfile.ZipFile(path, "w", strict_timestamps=False) as made:
        good = numbers[0] - 1
        for number, kind in kinds.items():
            if number == numbers[len(numbers) // 2]:
                made.writestr(f"student{good}_{good}_{good + 5_000}_leaks.ipynb", whole)
            name, data, how = entry(draw, number, whole, kind)
            for again in range(2 if kind in ("twice", "cases") else 1):
                wanted = name.upper().replace("STUDENT", "student") if kind == "cases" and again else name
                made.writestr(
                    wanted + ("/" if kind == "folder" else ""), b"" if kind == "folder" else data, how
                )
                if kind not in ("twice", "cases"):
                    stated(draw, made.filelist[-1], kind)
    return kinds


def spoilt(draw: Draw, data: bytes) -> bytes:
    """An archive's bytes, damaged anywhere."""
    kind = draw.randrange(6)
    end = data.rfind(b"PK\5\6")
    if kind == 0:
        return data[: draw.randrange(len(data))]
    if kind == 1:
        return flipped(draw, data)
    if kind == 2:
        # The list of entries at the end is small, and everything is found by it.
        tail = bytearray(data)
        start = data.find(b"PK\1\2")
        for _ in range(draw.choice([1, 3, 20])):
            tail[draw.randrange(start, len(data))] = draw.randrange(256)
        return bytes(tail)
    if kind == 3:
        return draw.choice([b"junk" * 9 + data, data + b"junk" * 9, data + data, data[9:]])
    if kind == 4:
        return data[: end + 10] + draw.randbytes(6) + data[end + 16 :]
    return draw.choice(
        [b"", b"PK", b"PK\5\6" + bytes(18), gzip.compress(data, mtime=0), bytes(len(data)), b"%PDF"]
    )


# Records and gradebooks


def record(draw: Draw, whole: bytes) -> bytes:
    """A record's bytes with one kind of damage."""
    kind = draw.randrange(9)
    if kind < 4:
        return [cut, flipped, with_nul, encoded][kind](draw, whole)
    if kind == 4:
        wrong = [
            b"",
            b"[]",
            b"null",
            b"{}",
            b'"x"',
            b"[[1, 2]]",
            whole + whole,
            b"<html>",
            nested(5_000).encode(),
        ]
        return draw.choice(wrong)
    parsed = json.loads(whole)
    if kind == 5:
        parsed[draw.choice(sorted(parsed))] = odd(draw)
    elif kind == 6:
        del parsed[draw.choice(sorted(parsed))]
    elif kind == 7:
        score = draw.choice(list(parsed["exercises"].values()))
        score[draw.choice(sorted(score))] = draw.choice([odd(draw), float("nan"), float("inf")])
    else:
        parsed["exercises"] = draw.choice([{"leaks-x1": odd(draw)}, {"": {}}, {"x\0": {"points": 1}}, [1]])
    return json.dumps(parsed).encode()


PAGE = 4_096

ROWS = (
    "UPDATE submitted_assignment SET timestamp = 'soon'", "UPDATE grade SET auto_score = 'many'",
    "UPDATE grade SET manual_score = x'00ff'", "UPDATE assignment SET duedate = 'soon'",
    "DELETE FROM student",
    "UPDATE OR REPLACE base_cell SET type = 'nonsense'", "DELETE FROM base_cell",
    "UPDATE grade_cells SET max_score = 'x'",
    "DELETE FROM submitted_notebook", "UPDATE submitted_assignment SET extension = 'soon'",
    "DELETE FROM notebook",
    "DROP TABLE comment", "DROP TABLE grade", "UPDATE student SET first_name = x'ff'",
    "DELETE FROM assignment",
    "ALTER TABLE grade RENAME COLUMN auto_score TO automatic", "UPDATE OR REPLACE grade SET cell_id = 'none'",
    "CREATE TABLE classroom_format (x)", "UPDATE comment SET manual_comment = 7", "DELETE FROM course",
)  # fmt: skip
"""What damages the rows of a gradebook."""


def gradebook(draw: Draw, path: Path, whole: bytes) -> None:
    """Damage a gradebook's file, or its rows."""
    kind = draw.randrange(6)
    data = bytearray(whole)
    if kind == 0:
        data = data[: draw.choice([0, 50, 100, PAGE, draw.randrange(len(data))])]
    elif kind == 1:
        page = draw.randrange(len(data) // PAGE) * PAGE
        data[page : page + PAGE] = draw.choice([bytes(PAGE), draw.randbytes(PAGE), b"\xff" * PAGE])
    elif kind == 2:
        data[draw.randrange(100)] = draw.randrange(256)
    elif kind == 3:
        data = bytearray(flipped(draw, whole))
    elif kind == 4:
        data = bytearray(
            draw.choice([b"student,points\n", draw.randbytes(9_000), b"SQLite format 3\0" + bytes(99)])
        )
    path.write_bytes(data)
    if kind == 5:
        rows(path, draw.choice(ROWS))


def rows(path: Path, change: str) -> None:
    """Change rows of a gradebook."""
    with contextlib.closing(sqlite3.connect(path)) as book:
        book.execute(change)
        book.commit()
