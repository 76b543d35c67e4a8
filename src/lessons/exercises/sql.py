"""What an answer may do with the judge's own database: its engine, connections and transactions are real."""

from __future__ import annotations

from functools import cache

from lessons.judge.judge import declare


@cache
def declare_sql() -> None:
    """Declare SQLAlchemy's classes. Not at import, so that only checks that need a database load it."""
    from contextlib import _GeneratorContextManager

    from sqlalchemy import QueuePool
    from sqlalchemy.engine import Connection, CursorResult, Engine, NestedTransaction, RootTransaction

    declare(Engine, "connect begin dispose", "pool name")
    declare(QueuePool, "checkedout checkedin size status")
    declare(
        Connection,
        "__enter__ __exit__ begin begin_nested close commit rollback invalidate detach in_transaction "
        "exec_driver_sql",
        "closed invalidated",
    )
    for kind in (RootTransaction, NestedTransaction):
        declare(kind, "__enter__ __exit__ close commit rollback", "is_active")
    declare(CursorResult, "close scalar fetchone fetchall", "rowcount")
    declare(_GeneratorContextManager, "__enter__ __exit__")
