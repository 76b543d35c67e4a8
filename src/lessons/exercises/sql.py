"""SQLAlchemy's real engines on SQLite, owned by the judge, and what an answer may do with them."""

import sqlite3
from functools import cache
from typing import Any

from lessons.exercises import declared


@cache
def declare_sql() -> None:
    """Declare SQLAlchemy's classes. Not at import, so that only checks that need a database load it."""
    from contextlib import _GeneratorContextManager

    from sqlalchemy import QueuePool
    from sqlalchemy.engine import Connection, CursorResult, Engine, NestedTransaction, RootTransaction

    declared("connect begin dispose", "pool name")(Engine)
    declared("checkedout checkedin size status")(QueuePool)
    ways = "__enter__ __exit__ begin begin_nested close commit rollback invalidate detach in_transaction"
    declared(f"{ways} exec_driver_sql", "closed invalidated")(Connection)
    for kind in (RootTransaction, NestedTransaction):
        declared("__enter__ __exit__ close commit rollback", "is_active")(kind)
    declared("close scalar fetchone fetchall", "rowcount")(CursorResult)
    declared("__enter__ __exit__")(_GeneratorContextManager)


def new_pool(slots: int = 20, database: str = "") -> Any:
    """An engine with a pool of `slots` connections; without a free one, a caller waits 10 ms. 0: no pool.

    database: the path of its file; without one each connection has an empty database of its own, in memory.
    """
    from sqlalchemy import NullPool, QueuePool, create_engine, event

    declare_sql()
    pool: Any = {"poolclass": QueuePool, "pool_size": slots, "max_overflow": 0, "pool_timeout": 0.01}
    once = {"check_same_thread": False, "timeout": 0}
    pool = pool if slots else {"poolclass": NullPool}
    engine = create_engine(f"sqlite:///{database}", connect_args=once, **pool)
    if database:
        event.listen(engine, "connect", lambda one, record: hurry(one))
    return engine


def hurry(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Let a connection not wait for the disk: these files exist only for a second."""
    connection.execute("pragma synchronous = off")
    connection.execute("pragma journal_mode = memory")
    return connection
