"""Text read strictly: whatever is wrong with it is an error with file or address, and line."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any


class _Blocks(io.FileIO):
    """The bytes of an open file, refused where they cannot be text."""

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer) or 0
        block = bytes(buffer[:count])
        if (place := block.find(0)) >= 0:
            raise UnicodeDecodeError("utf-8", block, place, place + 1, "a NUL is no text")
        return count


def text(file: io.FileIO) -> io.TextIOWrapper:
    """The text of an open file from where it stands, as UTF-8 with or without a byte order mark.

    Closing the text leaves the file open. A wrong byte is a `UnicodeDecodeError` (see `problem`).
    """
    blocks = io.BufferedReader(_Blocks(file.fileno(), closefd=False))
    return io.TextIOWrapper(blocks, encoding="utf-8-sig", newline="")


def lines(file: io.FileIO) -> io.BufferedReader:
    """The lines of an open file, as bytes; closing them leaves the file open."""
    return io.BufferedReader(io.FileIO(file.fileno(), closefd=False))


def problem(error: Exception, rows: Any, name: str) -> ValueError:
    """What stopped `rows`, a `csv.reader` over `text`, with the line at which it stands."""
    if not isinstance(error, UnicodeDecodeError):
        return ValueError(f"{name}, line {rows.line_num}: {error}")
    # All lines before this block are read by now, and the block holds what is left of the last one.
    line = rows.line_num + 1 + error.object.count(b"\n", 0, error.start)
    return ValueError(f"{name}, line {line}: UTF-8 text is expected: {error}")


def columns(names: list[str], where: str) -> list[str]:
    """The names as they are, if no two are the same."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{where}: two columns are called {name!r}; give one of them another name")
    return names


def record(line: bytes, where: str) -> dict[str, Any]:
    """The JSON object in a line.

    >>> record(b'{"wind": 4.7}', "readings.jsonl, line 1")
    {'wind': 4.7}
    >>> record(b'[4.7]', "readings.jsonl, line 2")
    Traceback (most recent call last):
        ...
    ValueError: readings.jsonl, line 2: a JSON object in UTF-8 is expected, not [4.7]
    """
    expected = f"{where}: a JSON object in UTF-8 is expected"
    try:
        found = _decode(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{expected}: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{expected}, not {line.decode('utf-8-sig').strip()[:40]}")
    return found


def refused(error: Exception, record: Any, name: str) -> Exception:
    """The error for a record that could not be written to the file of this name."""
    if isinstance(error, OSError):
        return OSError(error.errno, error.strerror, name)
    if not isinstance(record, dict):
        return TypeError(f"{name}: a record is a dict, keyed by column; this is {record!r}")
    kind = ValueError if isinstance(error, ValueError) else TypeError
    return kind(f"{name}: {error}: {record}")


def line(record: dict[str, Any]) -> str:
    """The line for a record, as one JSON object; a date becomes its text.

    >>> line({"wind": 4.7, "weather": "drizzle"})
    '{"wind": 4.7, "weather": "drizzle"}\\n'
    """
    return _encode(dict(record)) + "\n"


def received(lines: io.BufferedReader, name: str, longest: int = 1_000_000) -> Iterator[tuple[bytes, str]]:
    """Yield the lines of a connection, each with its place, until the connection ends between two lines.

    Raises `ConnectionError` where it ends inside a line or is reset, `TimeoutError` where nothing comes,
    `ValueError` for a line of more than `longest` bytes.
    """
    for number in itertools.count(1):
        where = f"{name}, line {number}"
        with named(where):
            line = lines.readline(longest + 1)
        if not line:
            return
        if len(line) > longest:
            raise ValueError(f"{where}: longer than {longest} bytes")
        if not line.endswith(b"\n"):
            raise ConnectionError(f"{where}: the connection ended in the middle of the line")
        yield line, where


@contextmanager
def named(name: str) -> Iterator[None]:
    """Raise an `OSError` of the block with the name of the file or the address in it."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise type(error)(f"{name}: {error}") from error
        raise OSError(error.errno, error.strerror, name) from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not in JSON")


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no form in JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain).encode
