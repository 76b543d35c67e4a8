"""The sinks: all or nothing, whatever happens, and what was there before stays as it was."""

import contextlib
import datetime
import gc
import inspect
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from functools import partial

import pytest
import sqlalchemy as sql
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from lifecycle import PipelineContext, ledger
from lifecycle.faults import sweep
from lifecycle.sinks import CsvSink, JsonLinesSink, ListSink, SqlSink
from lifecycle.sources import CsvSource, JsonLinesSource, ListSource, SqlSource
from lifecycle.stages import Filter, Parse, RollingMean

DAYS = [{"day": number, "wind": number + 0.5, "weather": "rain"} for number in range(1, 6)]
BEFORE = b"what was there before\n"
FILES = pytest.mark.parametrize("kind", [CsvSink, JsonLinesSink])


@pytest.fixture(autouse=True, scope="module")
def few_objects_for_the_collector():
    """What other modules left is collected once, and what they keep is not searched again for each test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def nothing_stays_open():
    """Every test ends where it began, by name and by the count of the operating system."""
    gc.collect()  # what the test before left to the collector is not ours
    before = ledger.held(), ledger.system()
    yield
    assert (ledger.held(), ledger.system()) == before


@pytest.fixture
def database(tmp_path):
    return tmp_path / "days.db"


@pytest.fixture
def engine(database):
    engine = sql.create_engine(f"sqlite:///{database}", connect_args={"timeout": 0.1})
    yield engine
    engine.dispose()


def write(sink, records=DAYS, error=None):
    """Write the records and leave, with an error if one is given; return the error that came out."""
    kept = None
    try:
        with sink:
            for record in records:
                sink.write(record)
            if error is not None:
                raise error
    except BaseException as caught:
        kept = caught
    return kept


def rows(engine, query="SELECT * FROM days ORDER BY day"):
    with SqlSource(engine, query) as source:
        return list(source.stream())


def tables(engine):
    return sql.inspect(engine).get_table_names()


# Behaviour, line by line


def test_parts_1_undecorated_context_managers(tmp_path, engine):
    for sink in CsvSink(tmp_path / "a"), JsonLinesSink(tmp_path / "b"), SqlSink(engine, "days"):
        for name in ("__enter__", "__exit__", "write"):
            function = inspect.getattr_static(type(sink), name)
            assert inspect.isfunction(function) and not hasattr(function, "__wrapped__")
        with sink as entered:
            assert entered is sink
        assert sink.__exit__(None, None, None) is False
    engine.dispose()


def test_parts_1_write_outside_with_is_a_runtime_error(tmp_path, engine):
    for sink in CsvSink(tmp_path / "a"), JsonLinesSink(tmp_path / "b"), SqlSink(engine, "days"):
        with pytest.raises(RuntimeError, match="not open: use it inside `with`"):
            sink.write(DAYS[0])
        assert write(sink) is None
        with pytest.raises(RuntimeError, match=type(sink).__name__):
            sink.write(DAYS[0])
    engine.dispose()


def test_parts_1_list_sink_works_anywhere():
    sink = ListSink()
    with PipelineContext(ListSource(DAYS), sink=sink) as pipeline:
        assert pipeline.run() == 5
    sink.write("more")
    assert sink.records == [*DAYS, "more"]


def test_parts_1_entering_twice_is_refused_and_the_first_goes_on(tmp_path, engine):
    for sink in CsvSink(tmp_path / "a"), JsonLinesSink(tmp_path / "b"), SqlSink(engine, "days"):
        with sink:
            held = ledger.held()
            with pytest.raises(RuntimeError, match="open already"):
                sink.__enter__()
            assert ledger.held() == held
            sink.write(DAYS[0])
    assert len(rows(engine)) == 1
    engine.dispose()


@FILES
def test_parts_2_nothing_is_at_the_target_before_the_end(tmp_path, kind):
    target = tmp_path / "days"
    target.write_bytes(BEFORE)
    with kind(target) as sink:
        for day in DAYS:
            sink.write(day)
            assert target.read_bytes() == BEFORE
        partial = [path.name for path in tmp_path.iterdir() if path != target]
        assert len(partial) == 1 and partial[0].startswith("days.") and partial[0].endswith(".partial")
    assert target.read_bytes() != BEFORE
    assert os.listdir(tmp_path) == ["days"]


@FILES
@pytest.mark.parametrize("error", [OSError("disk"), ValueError("bad"), KeyboardInterrupt(), SystemExit(3)])
def test_parts_2_a_failed_run_leaves_what_was_there_before(tmp_path, kind, error):
    target = tmp_path / "days"
    assert write(kind(target), error=error) is error
    assert os.listdir(tmp_path) == []
    target.write_bytes(BEFORE)
    assert write(kind(target), error=error) is error
    assert target.read_bytes() == BEFORE
    assert os.listdir(tmp_path) == ["days"]


@FILES
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444, 0o666])
def test_parts_2_a_file_keeps_its_mode_and_nobody_else_can_read_the_partial_one(tmp_path, kind, mode):
    target = tmp_path / "days"
    target.write_bytes(BEFORE)
    target.chmod(mode)
    with kind(target) as sink:
        sink.write(DAYS[0])
        [partial] = (path for path in tmp_path.iterdir() if path != target)
        assert stat.S_IMODE(partial.stat().st_mode) & ~mode == 0
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert target.read_bytes() != BEFORE


@FILES
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_parts_2_a_new_file_has_the_mode_of_any_new_file(tmp_path, kind):
    (tmp_path / "other").touch()
    assert write(kind(tmp_path / "days")) is None
    assert (tmp_path / "days").stat().st_mode == (tmp_path / "other").stat().st_mode


@FILES
@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_parts_2_a_symbolic_link_stays_one_and_its_target_is_replaced(tmp_path, kind):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "days", tmp_path / "link"
    link.symlink_to(target)
    assert write(kind(link)) is None
    assert link.is_symlink() and target.is_file()
    target.write_bytes(BEFORE)
    assert isinstance(write(kind(link), error=OSError()), OSError)
    assert target.read_bytes() == BEFORE
    assert (os.listdir(tmp_path / "there"), sorted(os.listdir(tmp_path))) == (["days"], ["link", "there"])


@FILES
def test_parts_2_two_sinks_on_one_target_do_not_meet(tmp_path, kind):
    target = tmp_path / "days"
    with kind(target) as outer:
        outer.write({"day": 1})
        with kind(target) as inner:
            inner.write({"day": 2})
            inner.write({"day": 3})
        assert len(target.read_text().splitlines()) >= 2
    assert "1" in target.read_text() and "3" not in target.read_text()


@FILES
@settings(deadline=None)
@given(arrived=st.integers(0, 5), by_record=st.booleans())
def test_parts_2_a_run_that_fails_at_any_record_leaves_the_target(tmp_path_factory, kind, arrived, by_record):
    target = tmp_path_factory.mktemp("target") / "days"
    target.write_bytes(BEFORE)
    sink = kind(target)

    def source():
        yield from DAYS[:arrived]
        if by_record:
            yield {"day": object()} if kind is JsonLinesSink else {"night": 1}
        raise OSError("the source broke")

    pipeline = PipelineContext(ListSource([]), sink=sink)
    pipeline.source.stream = source
    with pytest.raises((OSError, ValueError, TypeError)) as kept, pipeline:
        pipeline.run()
    assert kept.value.__traceback__ is not None
    assert pipeline.recordCount == arrived + (by_record and arrived == 0 and kind is CsvSink)
    assert target.read_bytes() == BEFORE
    assert os.listdir(target.parent) == ["days"]


# Files: what can go wrong


@FILES
def test_a_folder_that_is_not_there_is_named(tmp_path, kind):
    with pytest.raises(FileNotFoundError, match="days"):
        kind(tmp_path / "no" / "days").__enter__()


@FILES
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_what_is_no_plain_file_is_refused_and_stays(tmp_path, kind):
    for path in (tmp_path, "/dev/null"):
        with pytest.raises(ValueError, match="is not a plain file"):
            kind(path).__enter__()
    assert os.listdir(tmp_path) == []
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@contextlib.contextmanager
def as_nobody():
    """Root may write everywhere: become somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@FILES
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_folder_without_permission_is_named(tmp_path, kind):
    tmp_path.chmod(0o500)
    try:
        with as_nobody(), pytest.raises(PermissionError, match="days"):
            kind(tmp_path / "days").__enter__()
    finally:
        tmp_path.chmod(0o700)


@contextlib.contextmanager
def no_file_longer_than(size):
    """The operating system refuses to let a file grow beyond `size` bytes, as a full disk does."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@FILES
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("days", [3, 3_000])
def test_a_full_disk_is_named_and_leaves_what_was_there_before(tmp_path, kind, days):
    """With few records the disk is found full only at the end, when they are written out."""
    target = tmp_path / "days"
    target.write_bytes(BEFORE)
    with no_file_longer_than(10):
        error = write(kind(target), DAYS[:3] * (days // 3))
    assert isinstance(error, OSError) and str(target) in str(error)
    assert target.read_bytes() == BEFORE
    assert os.listdir(tmp_path) == ["days"]


@pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap for a disk that is really full")
def test_a_disk_that_is_really_full(tmp_path):
    script = """
        import errno, os
        from lifecycle.sinks import CsvSink
        with open("/small/days.csv", "w") as file:
            file.write("before")
        try:
            with CsvSink("/small/days.csv") as sink:
                while True:
                    sink.write({"day": "1" * 1000})
        except OSError as error:
            assert error.errno == errno.ENOSPC and error.filename == "/small/days.csv", error
            print(open("/small/days.csv").read(), os.listdir("/small"))
    """
    sandbox = ["bwrap", "--dev-bind", "/", "/", "--size", "65536", "--tmpfs", "/small"]
    done = run(script, tmp_path, *sandbox)
    assert done.stdout == "before ['days.csv']\n", done.stderr


def run(script, folder, *prefix, **more):
    command = [*prefix, sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, **more)


@FILES
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_leaves_the_target_and_one_partial_file(tmp_path, kind):
    target = tmp_path / "days"
    target.write_bytes(BEFORE)
    done = run(
        f"""
        import os, signal
        from lifecycle.sinks import {kind.__name__}
        with {kind.__name__}("days") as sink:
            for day in range(5_000):
                sink.write({{"day": day}})
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path,
    )
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == BEFORE
    left = sorted(os.listdir(tmp_path))
    assert len(left) == 2 and left[1].startswith("days.") and left[1].endswith(".partial")
    assert write(kind(target)) is None
    assert len(os.listdir(tmp_path)) == 2


# CSV


def test_csv_columns_are_those_of_the_first_record_in_any_order(tmp_path):
    path = tmp_path / "days.csv"
    assert write(CsvSink(path), [{"day": 1, "wind": 1.5}, {"wind": 2.5, "day": None}]) is None
    assert path.read_bytes() == b"day,wind\r\n1,1.5\r\n,2.5\r\n"


@pytest.mark.parametrize(
    ("records", "error", "says"),
    [
        ([{"day": 1}, {"day": 1, "wind": 2}], ValueError, "1 columns are expected"),
        ([{"day": 1, "wind": 2}, {"day": 1}], ValueError, "2 columns are expected"),
        ([{"day": 1}, {"night": 1}], ValueError, "the column 'day' is missing: {'night': 1}"),
        ([{"day": 1, "wind": 2}, {"day": 1, "rain": 2}], ValueError, "the column 'wind' is missing"),
        ([{"day": 1}, {}], ValueError, "1 columns are expected"),
        ([{}], ValueError, "one or more columns are expected"),
        ([{"day": 1}, None], TypeError, "a record is a dict"),
        ([{"day": 1}, (1,)], TypeError, "a record is a dict"),
        (["text"], TypeError, "a record is a dict"),
        ([{"day": 1, "wind": 2}, "ab"], TypeError, "a record is a dict"),
        ([{"day": "\ud800"}], ValueError, "surrogates not allowed"),
    ],
)
def test_csv_refuses_a_record_that_does_not_fit(tmp_path, records, error, says):
    path = tmp_path / "days.csv"
    caught = write(CsvSink(path), records)
    assert type(caught) is error and str(path) in str(caught)
    with pytest.raises(error, match=says):
        raise caught
    assert os.listdir(tmp_path) == []


def test_without_records_a_file_is_empty(tmp_path):
    for kind, source in (CsvSink, CsvSource), (JsonLinesSink, JsonLinesSource):
        path = tmp_path / kind.__name__
        path.write_bytes(BEFORE)
        assert write(kind(path), []) is None
        assert path.read_bytes() == b""
        with source(path) as empty:
            assert list(empty.stream()) == []


# JSON lines


def test_json_lines_are_one_object_a_line_in_utf8_with_dates_as_text(tmp_path):
    path = tmp_path / "days.jsonl"
    assert write(JsonLinesSink(path), [{"day": datetime.date(2012, 1, 2), "wind": "4 °\n"}]) is None
    assert path.read_bytes() == '{"day": "2012-01-02", "wind": "4 °\\n"}\n'.encode()


@pytest.mark.parametrize(
    ("record", "error", "says"),
    [
        ({"wind": float("nan")}, ValueError, "not JSON compliant"),
        ({"wind": float("inf")}, ValueError, "not JSON compliant"),
        ({"wind": object()}, TypeError, "JSON cannot express"),
        ({"wind": "\ud800"}, ValueError, "surrogates not allowed"),
        ([1, 2], TypeError, "a record is a dict"),
        ([], TypeError, "a record is a dict"),
        (None, TypeError, "a record is a dict"),
    ],
)
def test_json_lines_refuse_a_record_that_does_not_fit(tmp_path, record, error, says):
    path = tmp_path / "days.jsonl"
    with pytest.raises(error, match=says) as caught, JsonLinesSink(path) as sink:
        sink.write({"wind": 1})
        sink.write(record)
    assert str(path) in str(caught.value)
    assert os.listdir(tmp_path) == []


# SQL


def engines(database):
    """The same SQLite file through engines that begin their transactions in every way there is."""
    address = f"sqlite:///{database}"
    yield "plain", sql.create_engine(address)
    yield "queue of 20", sql.create_engine(address, poolclass=QueuePool, pool_size=20, max_overflow=0)
    yield "no pool", sql.create_engine(address, poolclass=NullPool)
    yield "autocommit", sql.create_engine(address, isolation_level="AUTOCOMMIT")
    yield (
        "autocommit, no rollback",
        sql.create_engine(address, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True),
    )
    hooked = sql.create_engine(address)
    sql.event.listen(hooked, "connect", lambda driver, record: setattr(driver, "isolation_level", None))
    sql.event.listen(hooked, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    yield "begin by hook", hooked
    if sys.version_info >= (3, 12):
        yield "driver's transactions", sql.create_engine(address, connect_args={"autocommit": False})
        yield "driver's autocommit", sql.create_engine(address, connect_args={"autocommit": True})
    yield "in memory", sql.create_engine("sqlite://")
    yield "one connection", sql.create_engine("sqlite://", poolclass=StaticPool)


def state(engine):
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        return driver.isolation_level, driver.in_transaction, getattr(driver, "autocommit", None)


def test_parts_2_a_database_sink_is_one_transaction_on_every_engine(database):
    for name, engine in engines(database):
        database.unlink(missing_ok=True)
        came = state(engine)
        error = OSError("broke")
        assert write(SqlSink(engine, "days"), error=error) is error, name
        assert tables(engine) == [], name
        assert state(engine) == came, name
        assert write(SqlSink(engine, "days")) is None, name
        assert rows(engine) == DAYS, name
        assert write(SqlSink(engine, "days", replace=True), DAYS[:2], error) is error, name
        assert write(SqlSink(engine, "days"), DAYS, error) is error, name
        assert rows(engine) == DAYS, name
        assert write(SqlSink(engine, "days", replace=True), DAYS[:2]) is None, name
        assert rows(engine) == DAYS[:2], name
        assert state(engine) == came, name
        engine.dispose()


def test_parts_2_a_table_it_made_is_gone_after_a_rollback(engine):
    with pytest.raises(OSError), SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        raise OSError
    assert tables(engine) == []


def test_parts_2_sqlite_takes_the_write_lock_at_open(engine, database):
    with SqlSink(engine, "days"):
        other = sqlite3.connect(database, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


@settings(deadline=None)
@given(arrived=st.integers(0, 5), replace=st.booleans(), made=st.booleans())
def test_parts_2_a_run_that_fails_at_any_record_leaves_the_database(tmp_path_factory, arrived, replace, made):
    database = tmp_path_factory.mktemp("database") / "days.db"
    engine = sql.create_engine(f"sqlite:///{database}", poolclass=NullPool)
    if made:
        assert write(SqlSink(engine, "days"), DAYS[:2]) is None
    before = database.read_bytes() if made else b""

    class Broken:
        def stream(self):
            yield from DAYS[:arrived]
            raise OSError("the source broke")

    pipeline = PipelineContext(Broken(), sink=SqlSink(engine, "days", replace))
    with pytest.raises(OSError) as kept, pipeline:
        pipeline.run()
    assert kept.value.__traceback__ is not None and pipeline.recordCount == arrived
    assert (database.read_bytes() == before) if made else tables(engine) == []
    assert os.listdir(database.parent) == ["days.db"]


@pytest.mark.parametrize("table", ["select", "two words", 'quo"te', "a.b", "über", "x'; DROP TABLE y", "%s"])
def test_parts_3_the_name_of_a_table_is_always_quoted(engine, table):
    for _ in range(2):
        assert write(SqlSink(engine, table)) is None
    assert tables(engine) == [table]
    quoted = table.replace('"', '""')
    assert len(rows(engine, sql.text(f'SELECT * FROM "{quoted}"'))) == 10


def test_parts_3_columns_may_have_any_name(engine):
    record = {"select": 1, "two words": 2, 'quo"te': 3, "a.b": 4, "Großes (%)": 5, ":x": 6, "?": 7}
    assert write(SqlSink(engine, "days"), [record]) is None
    assert rows(engine, "SELECT * FROM days") == [record]


def test_parts_3_a_table_that_is_not_there_is_made_from_the_first_record(engine):
    moment = datetime.datetime(2012, 1, 1, 3, 0, 0, 5)
    record = {"i": 1, "f": 1.5, "s": "x", "b": True, "n": None, "d": datetime.date(2012, 1, 1), "t": moment}
    later = {"i": -1, "f": 2, "s": None, "b": None, "n": "text", "d": None, "t": None}
    assert write(SqlSink(engine, "kinds"), [record, later, {"i": 3}]) is None
    kinds = sql.Table("kinds", sql.MetaData(), autoload_with=engine)
    got = rows(engine, sql.select(kinds))
    assert got == [record, later, {**dict.fromkeys(record), "i": 3}]
    assert [type(value) for value in got[0].values()] == [type(value) for value in record.values()]


def test_parts_3_a_record_that_counts_is_in_the_transaction(engine):
    with SqlSink(engine, "days") as sink:
        for number, day in enumerate(DAYS, 1):
            sink.write(day)
            seen = sink._transaction.connection.exec_driver_sql("SELECT count(*) FROM days").scalar()
            assert seen == number


@pytest.mark.parametrize(
    ("records", "error", "says"),
    [
        ([{"day": 1}, {"day": 1, "wind": 2}], ValueError, "has no column 'wind'; its columns are day"),
        ([{"day": 1}, {"day": 1.5}], ValueError, "column 'day' takes int, like the first record, not 1.5"),
        ([{"day": "1"}, {"day": 1}], ValueError, "takes str"),
        ([{"day": None}, {"day": 1}], ValueError, "takes str"),
        ([{"day": 1}, {"day": True}], ValueError, "takes int"),
        ([{"day": 1.5}, {"day": float("nan")}], ValueError, "NaN is not a value"),
        ([{"day": 2**70}], ValueError, "too large"),
        ([{"day": "\ud800"}], ValueError, "surrogates"),
        ([{"day": object()}], ValueError, "no column for day"),
        ([{"day": datetime.datetime.now(datetime.UTC)}], ValueError, "lose its time zone"),
        ([{}], ValueError, "no columns"),
        ([None], TypeError, "a record is a dict"),
        ([{"day": 1}, ("day", 1)], TypeError, "a record is a dict"),
    ],
)
def test_parts_3_a_record_that_does_not_fit_is_refused_by_table_and_address(engine, records, error, says):
    caught = write(SqlSink(engine, "days"), records)
    assert isinstance(caught, error), caught
    with pytest.raises(error, match=rf"table 'days' of sqlite:.*days\.db.*{says}"):
        raise caught
    assert tables(engine) == []


def test_parts_3_an_unknown_column_of_a_table_that_was_there_is_a_value_error(engine):
    assert write(SqlSink(engine, "days")) is None
    caught = write(SqlSink(engine, "days", replace=True), [{"day": 1, "night": 2}])
    assert isinstance(caught, ValueError) and "no column 'night'" in str(caught)
    assert rows(engine) == DAYS


def test_what_the_database_refuses_names_table_and_address(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE days (day INTEGER PRIMARY KEY)")
    caught = write(SqlSink(engine, "days"), [{"day": 1}, {"day": 1}])
    assert isinstance(caught, sql.exc.IntegrityError)
    assert "table 'days' of sqlite" in str(caught) and "UNIQUE" in str(caught)
    assert rows(engine) == []


def test_a_bad_record_may_be_skipped_and_the_rest_is_kept(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE days (day INTEGER PRIMARY KEY)")
    with SqlSink(engine, "days") as sink:
        for day in (1, 1, 2):
            with contextlib.suppress(sql.exc.IntegrityError):
                sink.write({"day": day})
    assert rows(engine) == [{"day": 1}, {"day": 2}]


def test_parts_4_the_engine_is_the_callers_and_gets_its_connection_back(database):
    engine = sql.create_engine(f"sqlite:///{database}")
    for error in (None, OSError()):
        write(SqlSink(engine, "days"), error=error)
        assert (engine.pool.checkedout(), engine.pool.checkedin()) == (0, 1)
    engine.dispose()


def test_parts_4_a_locked_database_is_a_timeout_error_at_open(engine, database):
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(TimeoutError, match=r"days\.db: locked by another connection") as caught:
            SqlSink(engine, "days").__enter__()
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        assert engine.pool.checkedout() == 0
    finally:
        other.close()
    assert write(SqlSink(engine, "days")) is None


def test_parts_4_a_lock_that_keeps_the_commit_back_is_a_timeout_error_and_keeps_nothing(engine, database):
    assert write(SqlSink(engine, "days")) is None
    reader = sqlite3.connect(database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM days").fetchone()
    try:
        caught = write(SqlSink(engine, "days"))
        assert isinstance(caught, TimeoutError) and "days.db: locked" in str(caught)
    finally:
        reader.close()
    assert rows(engine) == DAYS


def test_parts_4_a_lost_connection_is_a_connection_error(engine):
    lost = r"table 'days' of sqlite.*the connection is lost"
    with pytest.raises(ConnectionError, match=lost) as caught, SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        sink._transaction.connection.connection.dbapi_connection.close()
        try:
            sink.write(DAYS[1])
        finally:
            with pytest.raises(RuntimeError, match="the transaction has ended"):
                sink.write(DAYS[2])
    assert isinstance(caught.value.__cause__, sqlite3.ProgrammingError)
    assert engine.pool.checkedout() == 0
    assert tables(engine) == []


def test_parts_4_a_connection_lost_before_the_commit_is_a_connection_error(engine):
    with pytest.raises(ConnectionError, match=r"days\.db"), SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        sink._transaction.connection.connection.dbapi_connection.close()
    assert engine.pool.checkedout() == 0
    assert tables(engine) == []


def test_a_rollback_that_fails_gives_the_connection_back_all_the_same(database):
    class Stubborn(sqlite3.Connection):
        stubborn = False

        def rollback(self):
            if self.stubborn:
                raise sqlite3.OperationalError("no rollback today")
            super().rollback()

    engine = sql.create_engine(f"sqlite:///{database}", connect_args={"factory": Stubborn})
    with pytest.raises(sql.exc.OperationalError, match=r"days\.db"), SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        sink._transaction.connection.connection.dbapi_connection.stubborn = True
        raise OSError
    assert engine.pool.checkedout() == 0
    assert tables(engine) == []
    engine.dispose()


def test_two_sinks_on_one_connection_are_refused_and_the_first_is_kept(database):
    engine = dict(engines(database))["in memory"]
    with SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        with pytest.raises(RuntimeError, match="one connection for all"):
            SqlSink(engine, "nights").__enter__()
        for day in DAYS[1:]:
            sink.write(day)
    assert rows(engine) == DAYS
    engine.dispose()


def test_a_second_sink_on_a_static_pool_never_looks_like_success(database):
    """This pool rolls its one connection back whenever anybody gives it back."""
    engine = dict(engines(database))["one connection"]
    with pytest.raises(RuntimeError, match="the transaction has ended"), SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        with pytest.raises(RuntimeError, match="one connection for all"):
            SqlSink(engine, "nights").__enter__()
    assert tables(engine) == []
    engine.dispose()


@pytest.mark.parametrize("pool", ["in memory", "one connection"])
def test_a_transaction_that_somebody_else_ends_never_looks_like_success(database, pool):
    engine = dict(engines(database))[pool]
    assert write(SqlSink(engine, "days")) is None
    source, sink = SqlSource(engine, "SELECT * FROM days"), SqlSink(engine, "copy")
    with pytest.raises(RuntimeError, match="the transaction has ended"), source, sink:
        for day in source.stream():
            sink.write(day)
        next(source.stream())
    assert tables(engine) == ["days"]
    engine.dispose()


def test_source_and_sink_may_share_the_one_connection_of_a_database_in_memory():
    engine = sql.create_engine("sqlite://")
    assert write(SqlSink(engine, "days")) is None
    source, sink = SqlSource(engine, "SELECT * FROM days"), SqlSink(engine, "copy")
    with PipelineContext(source, sink=sink) as pipeline:
        assert pipeline.run() == 5
    assert rows(engine, "SELECT * FROM copy") == DAYS
    engine.dispose()


def test_a_full_disk_of_the_database_is_an_os_error_and_keeps_nothing(engine):
    assert write(SqlSink(engine, "days")) is None
    with pytest.raises(OSError, match=r"days\.db") as caught, SqlSink(engine, "days") as sink:
        sink._transaction.connection.exec_driver_sql("PRAGMA max_page_count = 3")
        for _ in range(10_000):
            sink.write({**DAYS[0], "weather": "rain" * 100})
    assert "full" in str(caught.value)
    assert rows(engine) == DAYS


def test_an_engine_in_autocommit_is_refused_where_nothing_could_be_taken_back(monkeypatch, engine):
    with engine.connect() as connection:
        dialect = type(connection.dialect)
    monkeypatch.setattr(dialect, "name", "postgresql")
    monkeypatch.setattr(dialect, "detect_autocommit_setting", lambda self, driver: True)
    with pytest.raises(ValueError, match="AUTOCOMMIT"):
        SqlSink(engine, "days").__enter__()
    assert engine.pool.checkedout() == 0


def test_another_dialect_has_its_own_transaction(monkeypatch, engine):
    """What is not SQLite begins and ends its transaction through SQLAlchemy alone."""

    def unknown(self, driver):
        raise NotImplementedError

    with engine.connect() as connection:
        dialect = type(connection.dialect)
    monkeypatch.setattr(dialect, "name", "other")
    monkeypatch.setattr(dialect, "detect_autocommit_setting", unknown)
    assert write(SqlSink(engine, "days")) is None
    assert write(SqlSink(engine, "days", replace=True), DAYS[:2], OSError()) is not None
    assert rows(engine) == DAYS


def test_parts_7_what_a_sink_reports_as_kept_is_kept(monkeypatch, engine):
    """Only SQLite goes on after a statement that failed; elsewhere the sink keeps nothing, and says so."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE days (day INTEGER PRIMARY KEY)")
    monkeypatch.setattr(type(engine.dialect), "name", "other")
    monkeypatch.setattr(type(engine.dialect), "detect_autocommit_setting", lambda self, driver: False)
    failed = r"days\.db: a statement failed \(IntegrityError\), so nothing can be kept"
    with pytest.raises(RuntimeError, match=failed), SqlSink(engine, "days") as sink:
        sink.write({"day": 1})
        with pytest.raises(sql.exc.IntegrityError):
            sink.write({"day": 1})
        with pytest.raises(RuntimeError, match=r"table 'days' of .*: a statement failed"):
            sink.write({"day": 2})
    assert rows(engine) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_leaves_the_database_as_it_was(tmp_path, engine):
    assert write(SqlSink(engine, "days")) is None
    done = run(
        """
        import os, signal, sqlalchemy
        from lifecycle.sinks import SqlSink
        with SqlSink(sqlalchemy.create_engine("sqlite:///days.db"), "days", replace=True) as sink:
            for day in range(5_000):
                sink.write({"day": day, "wind": 0.0, "weather": "sun"})
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path,
    )
    assert done.returncode == -signal.SIGKILL
    assert rows(engine) == DAYS


finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**63), 2**63 - 1)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
kinds = [st.booleans(), whole, finite, text, st.dates(), st.datetimes()]
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@st.composite
def tables_of_rows(draw):
    columns = draw(st.dictionaries(names, st.sampled_from(kinds), min_size=1, max_size=4))
    if len({name.casefold() for name in columns}) < len(columns):
        columns = dict([columns.popitem()])
    first = draw(st.fixed_dictionaries(columns))
    more = st.fixed_dictionaries({name: kind | st.none() for name, kind in columns.items()})
    return [first, *draw(st.lists(more, max_size=6))]


@settings(deadline=None)
@given(records=tables_of_rows(), name=names.filter(lambda name: not name.lower().startswith("sqlite")))
@example(records=[{"nothing": False}], name="nothing")  # a word of SQLite that SQLAlchemy does not quote
def test_any_rows_survive_a_table(records, name):
    engine = sql.create_engine("sqlite://")
    with SqlSink(engine, name) as sink:
        for record in records:
            sink.write(record)
    quoted = partial(sql.quoted_name, quote=True)
    listener = "column_reflect", lambda inspector, table, column: column.update(name=quoted(column["name"]))
    table = sql.Table(quoted(name), sql.MetaData(), autoload_with=engine, listeners=[listener])
    assert rows(engine, sql.select(table)) == records
    engine.dispose()


def test_what_is_written_is_read_again_by_others(tmp_path, engine):
    assert write(JsonLinesSink(tmp_path / "days.jsonl")) is None
    assert [json.loads(line) for line in (tmp_path / "days.jsonl").read_text().splitlines()] == DAYS


@FILES
def test_every_fault_point_between_files_is_clean(tmp_path, kind):
    given, target = tmp_path / "given.csv", tmp_path / "days"
    assert write(CsvSink(given)) is None
    stages = Parse(day=int, wind=float), Filter("day"), RollingMean("wind", 3)
    result = sweep(lambda: (CsvSource(given), stages, kind(target)), system=True)
    assert result.clean and len(result.outcomes) > 30
    assert sorted(os.listdir(tmp_path)) == ["days", "given.csv"]


def test_every_fault_point_between_tables_is_clean(engine):
    assert write(SqlSink(engine, "days")) is None
    query = "SELECT * FROM days"
    result = sweep(lambda: (SqlSource(engine, query), (), SqlSink(engine, "copy", replace=True)), system=True)
    assert result.clean and len(result.outcomes) > 15
    assert rows(engine, "SELECT * FROM copy") == DAYS
    assert engine.pool.checkedout() == 0
    engine.dispose()
