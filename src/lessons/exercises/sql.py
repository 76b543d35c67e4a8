"""What an answer may do with the judge's own database: its engine, connections and transactions are real."""

from __future__ import annotations

from functools import cache

from lessons.judge.judge import declared


@cache
def declare_sql() -> None:
    """Declare SQLAlchemy's classes. Not at import, so that only checks that need a database load it."""
    from contextlib import _GeneratorContextManager

    from sqlalchemy import QueuePool
    from sqlalchemy.engine import Connection, CursorResult, Engine, NestedTransaction, RootTransaction

    declared("connect begin dispose", "pool name")(Engine)
    declared("checkedout checkedin size status")(QueuePool)
    declared(
        "__enter__ __exit__ begin begin_nested close commit rollback invalidate detach in_transaction "
        "exec_driver_sql",
        "closed invalidated",
    )(Connection)
    for kind in (RootTransaction, NestedTransaction):
        declared("__enter__ __exit__ close commit rollback", "is_active")(kind)
    declared("close scalar fetchone fetchall", "rowcount")(CursorResult)
    declared("__enter__ __exit__")(_GeneratorContextManager)
