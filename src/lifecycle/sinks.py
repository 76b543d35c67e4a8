"""Where records arrive: a CSV file, JSON lines, a table, a list.

A sink keeps all or nothing. It replaces the old content only in an `__exit__` without an error, so a run that
fails leaves what was there before. Records are dicts, keyed by column. `write` outside the `with` block
raises a `RuntimeError`.
"""

import csv
import os
import shutil
import stat
import uuid
from contextlib import suppress
from operator import itemgetter

from lifecycle import database, texts
from lifecycle.parts import Part


class _FileSink(Part):
    kind = "file"

    def __init__(self, path):
        self.name = os.fspath(path)

    def _open(self):
        # A symbolic link stays a link: the file that it points at is replaced.
        self._target = os.path.realpath(self.name)
        mode = os.stat(self._target).st_mode if os.path.exists(self._target) else stat.S_IFREG | 0o666
        if not stat.S_ISREG(mode):
            raise ValueError(f"{self.name} is not a plain file, so it cannot be replaced: give another path")
        folder, name = os.path.split(self._target)
        self._partial = os.path.join(folder, f"{name[:40]}.{uuid.uuid4().hex[:8]}.partial")
        with texts.named(self.name):
            self._file = open(  # noqa: SIM115, it is closed in _keep or in _close
                self._partial, "x", encoding="utf-8", newline="",
                # Those who could not read the old file cannot read the new one either.
                opener=lambda path, flags: os.open(path, flags, stat.S_IMODE(mode)),
            )

    def _keep(self):
        with texts.named(self.name):
            if os.path.exists(self._target):
                shutil.copymode(self._target, self._partial)
            self._file.flush()
            # It is on the disk before it replaces the old file, or a power cut could lose both.
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._partial, self._target)

    def _close(self):
        # The partial file is deleted below, so it does not matter if its last bytes cannot be written.
        with suppress(OSError):
            self._file.close()
        with suppress(FileNotFoundError):
            os.remove(self._partial)


class CsvSink(_FileSink):
    """Write a CSV file in UTF-8, with the columns of the first record as its header; keep all or nothing.

    `path` is the file. A value is written as its text, and `None` as an empty cell. Without records the file
    is empty. Until the end, everything is in `<name>.<8 hex digits>.partial` in the same folder; a process
    that is killed leaves that file behind, and you can delete it.

    Raises `OSError`, with the file's name, if the file cannot be opened or the disk is full. Raises
    `ValueError` for a path that is not a plain file, and for a record whose columns are not those of the
    first. Raises `TypeError` for a record that is not a dict.
    """

    _width = None

    def write(self, record):
        """Write one record."""
        try:
            if len(record) != self._width:
                self._head(record)
            self._row(self._cells(record))
        except (LookupError, OSError, TypeError, ValueError) as error:
            raise texts.refused(error, record, self.name) from error

    def _open(self):
        super()._open()
        self._row = csv.writer(self._file).writerow

    def _close(self):
        self._width = None
        super()._close()

    def _head(self, record):
        self._check()
        columns = [*record]
        if self._width is not None or not columns:
            raise ValueError(f"{self._width or 'one or more'} columns are expected")
        self._row(columns)
        pick = itemgetter(*columns)
        self._cells = pick if len(columns) > 1 else lambda record: [pick(record)]
        self._width = len(columns)


class JsonLinesSink(_FileSink):
    """Write one JSON object a line, in UTF-8; keep all or nothing, like `CsvSink`.

    `path` is the file. Dates are written as text, "2012-01-01". Raises what `CsvSink` raises, `ValueError`
    for NaN and Infinity, which JSON does not have, and `TypeError` for a value that JSON cannot express.
    """

    def write(self, record):
        """Write one record."""
        self._check()
        try:
            self._file.write(texts.line(record))
        except (OSError, TypeError, ValueError) as error:
            raise texts.refused(error, record, self.name) from error


class SqlSink(Part):
    """Write the rows of a table in one transaction of the caller's engine, from `__enter__` to `__exit__`.

    `engine` is an SQLAlchemy engine, `table` a name, which is always quoted. A table that does not exist is
    created from the first record, see `database.Table`. With `replace` its rows are deleted first, in the
    same transaction, and two sinks that replace the same table take turns. Nothing is buffered: a record that
    counts is in the transaction.

    Raises `ConnectionError` if the connection cannot be made or is lost. Raises `TimeoutError` if a lock does
    not clear or the pool has no free connection. Raises `ValueError` for a record that does not fit the
    table, and `TypeError` for a record that is not a dict. Refusals of the database are SQLAlchemy's errors.
    All name table and address. After such an error only SQLite goes on. On another database the sink keeps
    nothing, and raises `RuntimeError` at the next `write` and at a normal end of the block.
    """

    kind = "connection"

    def __init__(self, engine, table, replace=False):
        self.engine = engine
        self.table = table
        self.replace = replace
        self.name = database.address(engine)

    def write(self, record):
        """Write one record."""
        self._check()
        self._rows.insert(record)

    def _open(self):
        self._transaction = database.Transaction(self.engine)
        try:
            self._rows = database.Table(self._transaction, self.table, self.replace)
        except BaseException:
            self._transaction.close()
            raise

    def _keep(self):
        self._transaction.commit()

    def _close(self):
        self._transaction.close()


class ListSink:
    """Keep the records in a list, `records`; it opens nothing, and a failed run leaves its records there.

    >>> sink = ListSink()
    >>> sink.write({"wind": 4.7})
    >>> sink.records
    [{'wind': 4.7}]
    """

    def __init__(self):
        self.records = []

    def write(self, record):
        """Keep one record."""
        self.records.append(record)
