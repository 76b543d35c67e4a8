"""A database driver's errors, raised as the errors that Python has for them.

A lost connection is a `ConnectionError`, a lock that does not clear a `TimeoutError`, a full disk an
`OSError`. So whoever retries on `OSError` retries these too, whichever driver the engine has.
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

# "The lock was not given" and "deadlock", as PostgreSQL and as MySQL count their errors.
_LOCK_STATES = {"55P03", "40P01"}
_LOCK_NUMBERS = {1205, 1213}

_SHARED = "this engine has one connection for all, and another part writes on it; use a file, or two engines"
_KINDS = "there are columns for bool, int, float, str, date, datetime and None"


def address(engine: Engine) -> str:
    """The address of a database for messages and the ledger, without its password."""
    return engine.url.render_as_string(hide_password=True)


def connect(engine: Engine) -> Connection:
    """Check a connection out of the engine's pool.

    Raises `ConnectionError` if the database does not answer, `TimeoutError` if no connection of the pool
    comes free within the pool's own time.
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
    """Give a connection back to its pool, which takes back what it has not committed."""
    with translated(address(connection.engine)):
        connection.close()


def batches(connection: Connection, query: str | Executable) -> Generator[list[dict[str, Any]]]:
    """Run a query, text or a select, and yield its rows as dicts, a hundred or fewer at a time."""
    from sqlalchemy import text

    where = address(connection.engine)
    statement = text(query) if isinstance(query, str) else query
    with translated(where):
        result = connection.execute(statement, execution_options={"yield_per": 100})
    try:
        if not result.returns_rows:
            raise ValueError(f"{where}: a SELECT is expected, this gives no rows: {query}")
        columns = texts.columns(list(result.keys()), where)
        while True:
            with translated(where):
                rows = result.fetchmany()
            if connection.closed:
                raise RuntimeError(f"{where}: this stream has ended: its connection was given back")
            if not rows:
                return
            yield [dict(zip(columns, row, strict=True)) for row in rows]
    finally:
        result.close()


class Transaction:
    """One transaction, from the moment it is made to `close`; only `commit` makes it last.

    On SQLite it takes the write lock at once, with `BEGIN IMMEDIATE`, whichever way the engine begins its own
    transactions, so that a table it makes is part of it. Raises what `connect` raises, `TimeoutError` when
    the lock is not given, `ValueError` when the engine commits every statement by itself.
    """

    def __init__(self, engine: Engine) -> None:
        self.where = address(engine)
        self.connection = connect(engine)
        self._driver: Any = self.connection.connection.dbapi_connection
        self._sqlite = self.connection.dialect.name == "sqlite"
        # The mode of the driver, which Python has since 3.12: None stands for the older one.
        self._mode = getattr(self._driver, "autocommit", None) if self._sqlite else None
        try:
            with translated(self.where):
                self._begin()
        except BaseException:
            self.connection.close()
            raise

    def check(self) -> None:
        """Raise `RuntimeError` if the transaction was ended by somebody else."""
        # SQLite ends one by itself when the disk is full, and would begin another at the next insert.
        if self._sqlite and not self._active():
            raise RuntimeError(f"{self.where}: the transaction has ended, and what was written in it is gone")

    def commit(self) -> None:
        """Make all of it last."""
        self.check()
        with translated(self.where):
            if self._mode is True:
                self.connection.exec_driver_sql("COMMIT")
            self.connection.commit()

    def close(self) -> None:
        """Take back what is not committed, and give the connection back as it came."""
        with translated(self.where):
            try:
                self.connection.rollback()
                if self._sqlite and self._mode is not False and self._active():
                    # The driver, or the engine, leaves transactions to whoever began them.
                    self.connection.exec_driver_sql("ROLLBACK")
            finally:
                self.connection.close()

    def _begin(self) -> None:
        if not self._sqlite:
            if _commits_by_itself(self.connection):
                raise ValueError(f"{self.where}: the engine is in AUTOCOMMIT, so nothing could be taken back")
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
                # In this mode the driver relies on a transaction being there.
                self.connection.exec_driver_sql("BEGIN")
            raise

    def _active(self) -> bool:
        if self.connection.closed or self.connection.invalidated:
            return False
        try:
            return bool(self._driver.in_transaction)
        except Exception:
            # The connection is lost: the next statement says so, in the words of `translated`.
            return True


class Table:
    """A table that takes records in a transaction; where it is missing, the first record makes it.

    In a table made here a column keeps the type of its first value: bool, int, float, str, date or datetime;
    after `None` it is text. A column that a record lacks is NULL. Raises `ValueError` for a column that the
    table has not, for a value of another type than the column's, and for NaN, which SQLite turns into NULL.
    Where the database itself commits a CREATE TABLE, as MySQL does, a table made here stays, empty.
    """

    def __init__(self, transaction: Transaction, name: str) -> None:
        from sqlalchemy import inspect, quoted_name

        self.transaction, self.name = transaction, quoted_name(name, quote=True)
        self.where = f"table {name!r} of {transaction.where}"
        self._types: dict[str, type] = {}
        self._known: Known | None = None
        with translated(self.where):
            if inspect(transaction.connection).has_table(self.name):
                self._known = self._table(autoload_with=transaction.connection, resolve_fks=False)

    def empty(self) -> None:
        """Delete all rows, if there is a table."""
        self.transaction.check()
        if self._known is not None:
            with translated(self.where):
                self.transaction.connection.execute(self._known.delete())

    def insert(self, record: dict[str, Any]) -> None:
        """Insert one record."""
        self.transaction.check()
        if not isinstance(record, dict):
            raise TypeError(f"{self.where}: a record is a dict, keyed by column; this is {record!r}")
        if self._known is None:
            self._known = self._make(record)
        self._compare(record, self._known)
        with translated(self.where):
            try:
                self.transaction.connection.execute(self._known.insert().inline(), record)
            except (OverflowError, UnicodeError) as error:
                raise ValueError(f"{self.where}: {error}: {record}") from error

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
            raise ValueError(f"{self.where}: the first record makes the table, and it has no columns")
        types = {column: str if value is None else type(value) for column, value in record.items()}
        for column, kind in types.items():
            if kind not in kinds:
                raise ValueError(f"{self.where}: no column for {column} = {record[column]!r}: {_KINDS}")
        columns = [sql.Column(sql.quoted_name(name, quote=True), kinds[kind]) for name, kind in types.items()]
        table = self._table(*columns)
        with translated(self.where):
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
                raise ValueError(f"{self.where}: column {column!r}: NaN is no value, None is")
            if kind and getattr(value, "tzinfo", None):
                raise ValueError(f"{self.where}: column {column!r}: {value} would lose its time zone")


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise what goes wrong in the block as Python's own error, with `where` in the message.

    What has no counterpart in Python stays the error of SQLAlchemy that it is, with `where` added.
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
