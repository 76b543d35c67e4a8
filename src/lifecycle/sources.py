"""Where records come from: a CSV file, JSON lines, a database, a socket, a list.

Each source opens in `__enter__` and closes in `__exit__`, whether its stream was pulled to the end or not.
`stream` is a generator function: calling it runs none of its body, so outside the `with` block the first pull
fails, not the call. Another `stream()` starts again at the first record; if the stream before it is pulled
once more, that raises an error. Records are dicts, keyed by column.
"""

import contextlib
import csv
import io
import os
import socket
from typing import Any

from lifecycle import database, texts
from lifecycle.parts import Part


class _Source(Part):
    def _acquire(self):
        super()._acquire()
        self._used = False

    def _begin(self):
        self._check()
        if self._used:
            self._again()
        self._used = True

    def _again(self):
        self._release()
        self._acquire()


class _FileSource(_Source):
    kind = "file"
    _lines: Any = None

    def __init__(self, path):
        self.name = os.fspath(path)

    def _open(self):
        self._file = io.FileIO(self.name)
        self._lines = self._file

    def _close(self):
        self._lines.close()
        self._file.close()

    def _again(self):
        # The path is not opened again, because by now it may name another file.
        self._lines.close()
        self._file.seek(0)


class CsvSource(_FileSource):
    """Read a CSV file whose first line names the columns; every cell is text, blank lines are skipped.

    `path` is the file, in UTF-8 with or without a byte order mark; an empty file has no records. Opening
    raises the same `OSError` as `open`. Pulling raises `ValueError`, with file and line, for a wrong number
    of cells, two columns of one name, or a quote that is not closed. Bytes that are not UTF-8 text (or are
    NUL) raise it too. They are checked a block at a time, so this error may come some records early.
    """

    def stream(self):
        """Yield the rows as dicts."""
        self._begin()
        self._lines, rows = texts.rows(self._file, self.name)
        header = []
        width = None
        try:
            for row in rows:
                if len(row) == width:
                    yield dict(zip(header, row))  # noqa: B905, the lengths are compared above
                elif row and header:
                    where = f"{self.name}, line {rows.line_num}"
                    raise ValueError(f"{where}: {len(row)} cells, where the header has {width}: {row}")
                elif row:
                    header = texts.columns(row, f"{self.name}, line {rows.line_num}")
                    width = len(row)
        except csv.Error as error:
            raise ValueError(f"{self.name}, line {rows.line_num}: {error}") from error


class JsonLinesSource(_FileSource):
    """Read a file with one JSON object a line, in UTF-8; blank lines are skipped.

    `path` is the file. Opening raises the same `OSError` as `open`. Pulling raises `ValueError`, with file
    and line, for a line that is not a JSON object. NaN and Infinity are not JSON.
    """

    def stream(self):
        """Yield the objects as dicts."""
        self._begin()
        self._lines = texts.lines(self._file, self.name)
        for number, line in enumerate(self._lines, 1):
            if not line.isspace():
                yield texts.record(line, f"{self.name}, line {number}")


class SqlSource(_Source):
    """Read the rows of a query, through a connection of the caller's engine.

    `engine` is an SQLAlchemy engine, `query` a select, or text as SQLAlchemy's `text` takes it. At most a
    hundred rows are in memory; the others stay in the database until they are pulled.

    Raises `ConnectionError` if the connection cannot be made or is lost. Raises `TimeoutError` if a lock does
    not clear or the pool has no free connection. Raises `ValueError` for a statement without rows, and for
    two columns with the same name. Refusals of the database are SQLAlchemy's errors. All name the address.
    """

    kind = "connection"

    def __init__(self, engine, query):
        self.engine = engine
        self.query = query
        self.name = database.address(engine)

    def _open(self):
        self._connection = database.connect(self.engine)

    def _close(self):
        database.disconnect(self._connection)

    def stream(self):
        """Yield the rows as dicts."""
        self._begin()
        with contextlib.closing(database.batches(self._connection, self.query)) as batches:
            for batch in batches:
                yield from batch


class SocketSource(_Source):
    """Read one JSON object a line from a TCP server, until the server closes the connection after a line.

    `host` and `port` are the server's; `timeout` is how many seconds to wait for it, when connecting and at
    every read. Raises `ConnectionError` if the server refuses or resets the connection, or closes it in the
    middle of a line. Raises `TimeoutError` if it sends nothing. Raises `ValueError` for a line that is not a
    JSON object or is longer than a million bytes. All name the address.
    """

    kind = "socket"

    def __init__(self, host, port, timeout=10):
        if not timeout or timeout < 0:
            raise ValueError(f"SocketSource(timeout={timeout!r}): allowed are seconds, more than 0")
        self.name = f"{host}:{port}"
        self.address = (host, port)
        self.timeout = timeout

    def _open(self):
        with texts.named(self.name):
            self._socket = socket.create_connection(self.address, self.timeout)
        self._lines = self._socket.makefile("rb")

    def _close(self):
        self._lines.close()
        self._socket.close()

    def stream(self):
        """Yield the objects as dicts."""
        self._begin()
        for line, where in texts.received(self._lines, self.name):
            yield texts.record(line, where)


class ListSource:
    """Yield the records of a list; there is nothing to open.

    >>> list(ListSource([{"wind": 4.7}]).stream())
    [{'wind': 4.7}]
    """

    def __init__(self, records):
        self.records = list(records)

    def stream(self):
        """Yield the records themselves, not copies."""
        yield from self.records
