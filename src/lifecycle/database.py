"""Queries, transactions and tables of a database, with the driver's errors raised as Python's own errors.

A lost connection is a `ConnectionError`, a lock that does not clear is a `TimeoutError`, and a full disk is
an `OSError`. A retry on `OSError` therefore sees all of them, whichever driver the engine has.
"""

from __future__ import annotations

import errno
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lifecycle import texts

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Executable
    from sqlalchemy import Table as Known

# "Lock not available", "deadlock" and "serialization failure": each time another transaction was first.
_LOCK_STATES = {"55P03", "40P01", "40001"}
_LOCK_NUMBERS = {1205, 1213}

BATCH = 100  # rows in memory at a time

_SHARED = "this engine has one connection for all, and another part writes on it; use a file, or two engines"
_ALONE = "a sink needs its own connection, but this pool has one connection for all; use another pool"
_KINDS = "there are columns for bool, int, float, str, date, datetime and None"


def address(engine: Engine) -> str:
    """The address of a database for messages and the ledger, without its password."""
    return engine.url.render_as_string(hide_password=True)


def connect(engine: Engine) -> Connection:
    """Check a connection out of the engine's pool.

    Raises `ConnectionError` if the database does not answer, and `TimeoutError` if the pool has no free
    connection within its own timeout.
    """
    from sqlalchemy.exc import DBAPIError

    with translated(address(engine)):
        try:
            return engine.connect()
        except DBAPIError as error:
            if _locked(error.orig):
                raise
            raise ConnectionError(f"{address(engine)}: cannot connect: {error.orig}") from error.orig


def disconnect(connection: Connection) -> None:
    """Return a connection to its pool, which rolls back what was not committed."""
    with translated(address(connection.engine)):
        connection.close()


def batches(connection: Connection, query: str | Executable) -> Generator[list[dict[str, Any]]]:
    """Run a query, text or a select, and yield its rows as dicts, a hundred or fewer at a time."""
    from sqlalchemy import text

    where = address(connection.engine)
    statement = text(query) if isinstance(query, str) else query
    if connection.dialect.supports_server_side_cursors and _commits_by_itself(connection):
        # A cursor in the database needs a transaction. The pool sets the engine's own level again.
        connection.execution_options(isolation_level=connection.default_isolation_level)
    options = {"stream_results": True, "max_row_buffer": BATCH}
    with translated(where):
        result = connection.execute(statement, execution_options=options)
    try:
        if not result.returns_rows:
            raise ValueError(f"{where}: a SELECT is expected, but this returns no rows: {query}")
        columns = texts.columns(list(result.keys()), where)
        while True:
            with translated(where):
                # Without a number, drivers differ: some fetch one row, some fetch them all.
                rows = result.fetchmany(BATCH)
            if connection.closed:
                raise RuntimeError(f"{where}: this stream has ended: its connection was returned to the pool")
            if not rows:
                return
            yield [dict(zip(columns, row, strict=True)) for row in rows]
    finally:
        result.close()


class Transaction:
    """One transaction, from its construction to `close`; only `commit` keeps what was written.

    On SQLite it takes the write lock at once, with `BEGIN IMMEDIATE`, however the engine begins its own
    transactions. So a table that it creates is part of it. On every other database a statement that fails
    ends it, even if the error is caught. (PostgreSQL would answer a COMMIT with a ROLLBACK and no error.)

    Raises what `connect` raises, `TimeoutError` if the lock does not clear, and `ValueError` if the engine
    commits each statement by itself.
    """

    def __init__(self, engine: Engine) -> None:
        self.where = address(engine)
        self._failed = ""  # the error of the statement that ended it
        self.connection = connect(engine)
        self._driver: Any = self.connection.connection.dbapi_connection
        self._sqlite = self.connection.dialect.name == "sqlite"
        # The mode of the driver, which exists since Python 3.12: None means the older one.
        self._mode = getattr(self._driver, "autocommit", None) if self._sqlite else None
        try:
            with translated(self.where):
                self._begin()
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def statement(self, where: str) -> Iterator[None]:
        """Run a statement in the block, with errors `translated`; `RuntimeError` if nothing can be kept."""
        if self._failed:
            raise RuntimeError(f"{where}: a statement failed ({self._failed}), so nothing can be kept")
        # SQLite ends one by itself when the disk is full, and would begin another at the next insert.
        if self._sqlite and not self._active():
            raise RuntimeError(f"{where}: the transaction has ended, and what was written in it is gone")
        try:
            with translated(where):
                yield
        except BaseException as error:
            self._failed = "" if self._sqlite else type(error).__name__
            raise

    def lock(self, name: str, first: bool = False) -> None:
        """Wait until no other transaction holds the lock of this name, then hold it until the end.

        Only PostgreSQL needs it: SQLite has one writer at a time. It waits for the engine's `lock_timeout`,
        or without a limit. `first`: as the first statement, so that what others commit meanwhile is seen.
        """
        import sqlalchemy as sql

        if self.connection.dialect.name == "postgresql":
            if first:
                # A stricter level would go on to see the database as it was before the wait.
                self.connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            key = sql.func.hashtextextended(name, 0)
            self.connection.execute(sql.select(sql.func.pg_advisory_xact_lock(key)))

    def commit(self) -> None:
        """Keep what was written."""
        with self.statement(self.where):
            if self._mode is True:
                self.connection.exec_driver_sql("COMMIT")
            self.connection.commit()

    def close(self) -> None:
        """Roll back what is not committed, and return the connection to its pool as it came."""
        with translated(self.where):
            try:
                self.connection.rollback()
                if self._sqlite and self._mode is not False and self._active():
                    # Neither the driver nor the engine ends a transaction that it did not begin.
                    self.connection.exec_driver_sql("ROLLBACK")
            finally:
                self.connection.close()

    def _begin(self) -> None:
        from sqlalchemy.pool import SingletonThreadPool, StaticPool

        if not self._sqlite:
            if isinstance(self.connection.engine.pool, (SingletonThreadPool, StaticPool)):
                raise ValueError(f"{self.where}: {_ALONE}")
            if _commits_by_itself(self.connection):
                raise ValueError(
                    f"{self.where}: the engine is in AUTOCOMMIT, so nothing could be rolled back"
                )
            self.connection.begin()
            return
        if self._active() and self._mode is not False:
            raise RuntimeError(f"{self.where}: {_SHARED}")
        self.connection.begin()
        if self._active():
            # The engine begins a transaction that takes no lock until it writes.
            self.connection.exec_driver_sql("ROLLBACK")
        try:
            self.connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            if self._mode is False:
                # In this mode the driver relies on an open transaction.
                self.connection.exec_driver_sql("BEGIN")
            raise

    def _active(self) -> bool:
        if self.connection.closed or self.connection.invalidated:
            return False
        try:
            return bool(self._driver.in_transaction)
        except Exception:
            # The connection is lost: the next statement raises the error for that.
            return True


class Table:
    """A table that takes records in a transaction; if it does not exist, the first record creates it.

    In a table created here a column keeps the type of its first value: bool, int, float, str, date or
    datetime. After `None` it is text. A column that is missing in a record is NULL. With `replace`, its rows
    are deleted first. Transactions that replace or create the table of this name take turns.

    Raises `ValueError` for a column that the table does not have, and for a value that does not have the
    column's type. Raises it for NaN too, which SQLite turns into NULL. MySQL commits a CREATE TABLE by
    itself: there, a table created here stays, empty.
    """

    def __init__(self, transaction: Transaction, name: str, replace: bool = False) -> None:
        from sqlalchemy import quoted_name

        self.transaction, self.name = transaction, quoted_name(name, quote=True)
        self.where = f"table {name!r} of {transaction.where}"
        self._types: dict[str, type] = {}
        self._known: Known | None = None
        with transaction.statement(self.where):
            if replace:
                transaction.lock(name, first=True)
            self._find()
            if self._known is None and not replace:
                transaction.lock(name)
                self._find()
            if self._known is not None and replace:
                transaction.connection.execute(self._known.delete())

    def insert(self, record: dict[str, Any]) -> None:
        """Insert one record."""
        if not isinstance(record, dict):
            raise TypeError(f"{self.where}: a record is a dict, keyed by column; this is {record!r}")
        if self._known is None:
            self._known = self._make(record)
        self._compare(record, self._known)
        with self.transaction.statement(self.where):
            try:
                self.transaction.connection.execute(self._known.insert().inline(), record)
            except (OverflowError, UnicodeError) as error:
                raise ValueError(f"{self.where}: {error}: {record}") from error

    def _find(self) -> None:
        from sqlalchemy import inspect

        connection = self.transaction.connection
        if inspect(connection).has_table(self.name):
            self._known = self._table(autoload_with=connection, resolve_fks=False)

    def _make(self, record: dict[str, Any]) -> Known:
        import sqlalchemy as sql

        kinds: dict[type, Any] = {
            bool: sql.Boolean,
            int: sql.BigInteger,
            float: sql.Double,
            str: sql.Text,
            date: sql.Date,
            datetime: sql.DateTime,
        }
        if not record:
            raise ValueError(f"{self.where}: the first record creates the table, and it has no columns")
        types = {column: str if value is None else type(value) for column, value in record.items()}
        for column, kind in types.items():
            if kind not in kinds:
                raise ValueError(f"{self.where}: no column for {column} = {record[column]!r}: {_KINDS}")
        columns = [sql.Column(sql.quoted_name(name, quote=True), kinds[kind]) for name, kind in types.items()]
        table = self._table(*columns)
        with self.transaction.statement(self.where):
            table.create(self.transaction.connection)
        self._types = types
        return table

    def _table(self, *columns: Any, **options: Any) -> Known:
        import sqlalchemy as sql

        return sql.Table(self.name, sql.MetaData(), *columns, **options)

    def _compare(self, record: dict[str, Any], table: Known) -> None:
        for column, value in record.items():
            if column not in table.columns:
                there = ", ".join(table.columns.keys())
                raise ValueError(f"{self.where} has no column {column!r}; its columns are {there}")
            kind, given = self._types.get(column), type(value)
            if kind and given not in (kind, type(None)) and (kind, given) != (float, int):
                wanted = f"takes {kind.__name__}, like the first record"
                raise ValueError(f"{self.where}: column {column!r} {wanted}, not {value!r}")
            if value != value:
                raise ValueError(f"{self.where}: column {column!r}: NaN is not a value; use None")
            if kind and getattr(value, "tzinfo", None):
                raise ValueError(f"{self.where}: column {column!r}: {value} would lose its time zone")


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise a database's error in the block as Python's own error, with `where` in its message.

    An error that has no counterpart in Python stays SQLAlchemy's, with `where` added to its message.
    """
    from sqlalchemy.exc import DBAPIError, StatementError
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    try:
        yield
    except PoolTimeout as error:
        raise TimeoutError(f"{where}: {error}") from error
    except StatementError as error:
        driver = error.orig
        if _locked(driver):
            raise TimeoutError(f"{where}: locked by another connection: {driver}") from driver
        if getattr(driver, "sqlite_errorname", "") == "SQLITE_FULL":
            raise OSError(errno.ENOSPC, str(driver), where) from driver
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise ConnectionError(f"{where}: the connection is lost: {driver}") from driver
        error.add_detail(where)
        raise


def _locked(driver: BaseException | None) -> bool:
    name = getattr(driver, "sqlite_errorname", "")
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None)
    number = driver.args[0] if driver is not None and driver.args else None
    sqlite = name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return sqlite or state in _LOCK_STATES or (isinstance(number, int) and number in _LOCK_NUMBERS)


def _commits_by_itself(connection: Connection) -> bool:
    try:
        driver: Any = connection.connection.dbapi_connection
        return connection.dialect.detect_autocommit_setting(driver)
    except NotImplementedError:
        return False
