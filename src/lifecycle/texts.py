"""Text, read strictly: every mistake in it is an error that names the file or address, and the line."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any


class _Bytes(io.FileIO):
    """The bytes of an open file, which stays open; an error has the file's name."""

    def __init__(self, file: io.FileIO, name: str) -> None:
        super().__init__(file.fileno(), closefd=False)
        self._path = name

    def readinto(self, buffer: Any, /) -> int:
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._path) from error


class _Blocks(_Bytes):
    """The same, but first each block is checked to be text."""

    rows: Any

    def __init__(self, file: io.FileIO, name: str) -> None:
        super().__init__(file, name)
        self._decode = codecs.getincrementaldecoder("utf-8")().decode

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer)
        block = bytes(buffer[:count])
        try:
            self._decode(block, final=not block)
            if (place := block.find(0)) >= 0:
                raise UnicodeDecodeError("utf-8", block, place, place + 1, "a NUL is not text")
        except UnicodeDecodeError as error:
            # All lines before this block have been read, and the block begins with the rest of a line.
            line = self.rows.line_num + 1 + error.object.count(b"\n", 0, error.start)
            raise ValueError(f"{self._path}, line {line}: UTF-8 text is expected: {error}") from error
        return count


def rows(file: io.FileIO, name: str) -> tuple[io.TextIOWrapper, Any]:
    """The text of an open file from its current position, and a `csv.reader` over it.

    The text is UTF-8, with or without a byte order mark; closing it leaves the file open. Reading raises
    `ValueError`, with the line, for bytes that are not text, and `csv.Error` for text that is not CSV.
    """
    blocks = _Blocks(file, name)
    text = io.TextIOWrapper(io.BufferedReader(blocks), encoding="utf-8-sig", newline="")
    blocks.rows = csv.reader(text, strict=True)
    return text, blocks.rows


def lines(file: io.FileIO, name: str) -> io.BufferedReader:
    """The lines of an open file, as bytes; closing them leaves the file open."""
    return io.BufferedReader(_Bytes(file, name))


def columns(names: list[str], where: str) -> list[str]:
    """Return the names; raise `ValueError` if two are the same."""
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
    if isinstance(error, KeyError):
        return ValueError(f"{name}: the column {error} is missing: {record}")
    kind = ValueError if isinstance(error, ValueError) else TypeError
    return kind(f"{name}: {error}: {record}")


def line(record: dict[str, Any]) -> str:
    """The line for a record, as one JSON object; a date becomes its text.

    >>> line({"wind": 4.7, "weather": "drizzle"})
    '{"wind": 4.7, "weather": "drizzle"}\\n'
    """
    if not isinstance(record, dict):
        raise TypeError(f"a record is a dict, this is {record!r}")
    return _encode(record) + "\n"


def received(lines: io.BufferedReader, name: str, longest: int = 1_000_000) -> Iterator[tuple[bytes, str]]:
    """Yield the lines of a connection, each with its place, until the connection ends between two lines.

    Raises `ConnectionError` if it ends inside a line or is reset, `TimeoutError` if nothing arrives, and
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
    """Add the name of the file or the address to an `OSError` of the block."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise type(error)(f"{name}: {error}") from error
        raise OSError(error.errno, error.strerror, name) from error


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON does not have {constant}")


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"JSON cannot express {value!r}")


_decode = json.JSONDecoder(parse_constant=_refuse).decode
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain).encode
