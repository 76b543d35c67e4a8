"""What the lessons claim about well-kept libraries and about Python, tried."""

from __future__ import annotations

import contextlib
import gc
import sqlite3
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, QueuePool, create_engine, text


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{(tmp_path / 'a.db').as_posix()}", poolclass=QueuePool, pool_size=1,
                         max_overflow=0, pool_timeout=0.01)  # fmt: skip
    yield made
    made.dispose()


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def slots(engine: Engine) -> int:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.checkedout()


def test_sqlalchemys_own_context_manager_gives_the_slot_back_and_takes_changes_back(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("create table t (x)"))
    with pytest.raises(ValueError), engine.connect() as kept:
        kept.execute(text("insert into t values (1)"))
        raise ValueError
    assert slots(engine) == 0 and kept.closed
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from t")).scalar() == 0


def test_ping_and_recycle_do_not_bring_a_forgotten_connection_back(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{(tmp_path / 'b.db').as_posix()}", poolclass=QueuePool, pool_size=1,
                           max_overflow=0, pool_timeout=0.01, pool_pre_ping=True, pool_recycle=0)  # fmt: skip
    forgotten = engine.connect()
    with pytest.raises(Exception, match="QueuePool limit"):
        engine.connect()
    forgotten.close()
    engine.dispose()


def test_sqlalchemys_pool_as_it_comes_refuses_the_sixteenth_connection(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{(tmp_path / 'c.db').as_posix()}", pool_timeout=0.01)
    held = [engine.connect() for _ in range(15)]
    with pytest.raises(Exception, match="limit of size 5 overflow 10 reached"):
        engine.connect()
    for connection in held:
        connection.close()
    engine.dispose()


def test_a_sqlite3_connection_is_in_a_cycle_by_itself(no_collector: None) -> None:
    class Connection(sqlite3.Connection):
        """A class of our own can be watched; the cycle is the driver's."""

    watched = weakref.ref(sqlite3.connect(":memory:", factory=Connection))
    assert watched() is not None
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize(("asked", "taken"), [(False, 0), (True, 1)])
def test_a_sqlalchemy_connection_is_in_a_cycle_once_it_has_asked_something(
    engine: Engine, no_collector: None, asked: bool, taken: int
) -> None:
    connection = engine.connect()
    if asked:
        connection.execute(text("select 1"))
    del connection
    assert slots(engine) == taken
    gc.collect()
    assert slots(engine) == 0


def test_closing_calls_close_and_tells_nothing() -> None:
    class Thing:
        given: tuple[object, ...] | None = None

        def close(self, *given: object) -> None:
            self.given = given

    with pytest.raises(ValueError), contextlib.closing(Thing()) as thing:
        raise ValueError
    assert thing.given == ()


def test_exit_stack_goes_on_past_a_failing_close_and_shows_the_last_error() -> None:
    closed = []

    def fail() -> None:
        raise OSError("close failed")

    with pytest.raises(OSError) as seen, contextlib.ExitStack() as stack:
        stack.callback(closed.append, "source")
        stack.callback(fail)
        stack.callback(closed.append, "sink")
        raise ValueError("the run's own error")
    assert closed == ["sink", "source"]
    assert isinstance(seen.value.__context__, ValueError)


def test_exit_stack_does_not_see_what_was_opened_before_it(tmp_path: Path) -> None:
    opened = []
    with pytest.raises(ValueError), contextlib.ExitStack() as stack:
        opened += [(tmp_path / name).open("w") for name in "ab"]
        stack.enter_context(opened[0])
        raise ValueError
    assert [file.closed for file in opened] == [True, False]
    opened[1].close()


def test_open_closes_and_leaves_what_was_half_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError), open(tmp_path / "half", "w") as file:
        file.write("half")
        raise ValueError
    assert file.closed and (tmp_path / "half").read_text() == "half"


def test_the_with_block_of_a_sqlite3_connection_ends_the_transaction_only() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (x)")
    with pytest.raises(ValueError), connection:
        connection.execute("insert into t values (1)")
        raise ValueError
    assert connection.execute("select count(*) from t").fetchone() == (0,)
    connection.close()
