"""What 05_composition claims about well-kept libraries and about Python, tried."""

from __future__ import annotations

import contextlib
import inspect
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tenacity
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{(tmp_path / 'a.db').as_posix()}")
    with made.begin() as connection:
        connection.execute(text("create table days (day)"))
        connection.execute(text("create table notes (note)"))
    yield made
    made.dispose()


def rows(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def test_an_exit_stack_passes_the_error_of_one_on_to_those_left_after_it() -> None:
    told: dict[str, object] = {}

    class Part:
        def __init__(self, name: str, fails: bool = False) -> None:
            self.name, self.fails = name, fails

        def __enter__(self) -> Part:
            return self

        def __exit__(self, kind: object, *rest: object) -> None:
            told[self.name] = kind
            if self.fails:
                raise OSError("commit failed")

    with pytest.raises(OSError), contextlib.ExitStack() as stack:
        stack.enter_context(Part("first"))
        stack.enter_context(Part("second", fails=True))
    assert told == {"second": None, "first": OSError}


def test_an_exit_stack_closes_no_generator_that_it_was_not_handed() -> None:
    def days() -> Iterator[str]:
        yield "Monday"

    stream = days()
    with contextlib.ExitStack():
        next(stream)
    assert inspect.getgeneratorstate(stream) == inspect.GEN_SUSPENDED  # type: ignore[arg-type]


def test_begin_is_one_transaction_for_two_tables_and_takes_no_file_back(
    engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(ValueError), engine.begin() as connection:
        connection.execute(text("insert into days values ('Monday')"))
        connection.execute(text("insert into notes values ('send Monday')"))
        (tmp_path / "report").write_text("Monday")
        raise ValueError
    assert (rows(engine, "days"), rows(engine, "notes")) == (0, 0)
    assert (tmp_path / "report").exists()
    with engine.begin() as connection:
        connection.execute(text("insert into days values ('Monday')"))
        connection.execute(text("insert into notes values ('send Monday')"))
    assert (rows(engine, "days"), rows(engine, "notes")) == (1, 1)


@pytest.mark.parametrize(("end", "kept"), [("rollback", 0), ("commit", 1)])
def test_attach_is_one_transaction_over_two_files(tmp_path: Path, end: str, kept: int) -> None:
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    connection.execute("attach ? as other", [str(tmp_path / "b.db")])
    for name in ("main", "other"):
        connection.execute(f"create table {name}.days (day)")
    connection.execute("begin")
    for name in ("main", "other"):
        connection.execute(f"insert into {name}.days values ('Monday')")
    connection.execute(end)
    connection.close()
    for name in ("a.db", "b.db"):
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as one:
            assert one.execute("select count(*) from days").fetchone() == (kept,)


def test_two_phases_do_not_work_on_sqlite(engine: Engine) -> None:
    class Base(DeclarativeBase):
        pass

    class Day(Base):
        __tablename__ = "day"
        name: Mapped[str] = mapped_column(primary_key=True)

    Base.metadata.create_all(engine)
    with pytest.raises(NotImplementedError), Session(engine, twophase=True) as session:
        session.add(Day(name="Monday"))
        session.commit()


PROGRAM = """
import sys
def leave():
    return open(sys.argv[0]) if "held" in sys.argv else open(sys.argv[0]) and None
kept = leave()
print("the program goes on")
if kept:
    import os
    sys.stdout.flush()
    os._exit(0)
"""


def ran(tmp_path: Path, *options: str, held: bool = False) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONWARNINGS", "PYTHONDEVMODE")}
    line = [sys.executable, *options, str(program), *(["held"] if held else [])]
    return subprocess.run(line, capture_output=True, text=True, env=environment, timeout=60)


ASKED = [("-X", "dev"), ("-W", "error::ResourceWarning")]


def test_python_by_itself_is_silent_about_what_nobody_closed(tmp_path: Path) -> None:
    assert ran(tmp_path).stderr == ""


@pytest.mark.parametrize("options", ASKED)
def test_asked_it_shows_what_nobody_closed_and_goes_on(tmp_path: Path, options: tuple[str, str]) -> None:
    ended = ran(tmp_path, *options)
    assert "ResourceWarning" in ended.stderr
    assert ended.returncode == 0 and "goes on" in ended.stdout


def test_asked_it_shows_a_connection_of_sqlite3_since_python_3_13() -> None:
    program = "import gc, sqlite3; sqlite3.connect(':memory:'); gc.collect()"
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert ("ResourceWarning: unclosed database" in ended.stderr) == (sys.version_info >= (3, 13))


@pytest.mark.parametrize("options", ASKED)
def test_it_does_not_see_what_is_still_held(tmp_path: Path, options: tuple[str, str]) -> None:
    ended = ran(tmp_path, *options, held=True)
    assert ended.stderr == "" and "goes on" in ended.stdout


def test_tenacity_retries_a_night_on_oserror_and_commits_twice(engine: Engine) -> None:
    attempts = []

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(OSError), stop=tenacity.stop_after_attempt(3), reraise=True
    )
    def night(error: Exception) -> None:
        attempts.append(error)
        with engine.begin() as connection:
            connection.execute(text("insert into days values ('Monday')"))
        if len(attempts) == 1:
            raise error

    night(OSError("the drive is gone"))
    assert (len(attempts), rows(engine, "days")) == (2, 2)
    attempts.clear()
    with pytest.raises(ValueError):
        night(ValueError("broken reading"))
    assert len(attempts) == 1


@pytest.mark.parametrize("end", ["rollback", "commit"])
def test_a_pool_takes_an_uncommitted_connection_back_clean(engine: Engine, end: str) -> None:
    connection = engine.connect()
    driver = connection.connection.dbapi_connection
    connection.execute(text("insert into days values ('Monday')"))
    if end == "commit":
        connection.commit()
    connection.close()
    assert rows(engine, "days") == (end == "commit")
    with engine.connect() as again:
        assert again.connection.dbapi_connection is driver
