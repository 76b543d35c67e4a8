"""The database parts on a real PostgreSQL: nothing is lost silently, nothing stays open, loads take turns."""

import contextlib
import json
import random
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import killed_runs
import pytest
import sqlalchemy as sql
from postgres import cluster
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from lifecycle import PipelineContext, ledger, retryOnFailure, weather
from lifecycle.faults import sweep
from lifecycle.sinks import JsonLinesSink, SqlSink
from lifecycle.sources import ListSource, SqlSource

DAYS = [{"day": number, "wind": number + 0.5, "weather": "rain"} for number in range(1, 6)]
WET_DAYS = 623


@pytest.fixture(scope="module")
def address():
    with cluster() as address:
        yield address


@pytest.fixture
def engine(address):
    """An engine on an empty database, which gets all its connections back."""
    engine = sql.create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    yield engine
    assert engine.pool.checkedout() == 0
    engine.dispose()


@pytest.fixture(autouse=True)
def nothing_stays_open():
    before = ledger.held()
    yield
    assert ledger.held() == before


def patient(engine, **settings):
    """Another engine on the same database, with settings of the server for each of its connections."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return sql.create_engine(engine.url, connect_args={"options": options})


def write(sink, records=DAYS):
    with sink:
        for record in records:
            sink.write(record)


def rows(engine, query="SELECT * FROM days ORDER BY day"):
    with SqlSource(engine, query) as source:
        return list(source.stream())


def execute(engine, *statements):
    with engine.begin() as connection:
        return [connection.exec_driver_sql(statement) for statement in statements]


def tables(engine):
    return sql.inspect(engine).get_table_names()


def sessions(engine):
    """How many connections the server has, by its own count."""
    [row] = rows(engine, "SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend'")
    return row["n"]


def end(engine, part_connection):
    """The server ends a connection, as it does when it is restarted."""
    pid = part_connection.connection.dbapi_connection.info.backend_pid
    rows(engine, f"SELECT pg_terminate_backend({pid}, 10000) AS ended")


class Tolerant:
    """A sink around a sink that goes on after an error of `write`."""

    def __init__(self, sink, errors=Exception):
        self.sink, self.errors = sink, errors

    def __enter__(self):
        self.sink.__enter__()

    def __exit__(self, *reason):
        self.sink.__exit__(*reason)

    def write(self, record):
        with contextlib.suppress(self.errors):
            self.sink.write(record)


# Behaviour, line by line


def test_parts_2_a_failed_run_leaves_what_was_there_before(engine):
    error = OSError("broke")
    for before in [], DAYS[:2]:
        if before:
            write(SqlSink(engine, "days"), before)
        for replace in False, True:
            with pytest.raises(OSError, match="broke"), SqlSink(engine, "days", replace) as sink:
                sink.write(DAYS[4])
                raise error
        assert (rows(engine) if before else tables(engine)) == before
    write(SqlSink(engine, "days", replace=True))
    assert rows(engine) == DAYS


def test_parts_4_a_lost_connection_is_a_connection_error(engine):
    lost = r"table 'days' of postgresql.*the connection is lost"
    with pytest.raises(ConnectionError, match=lost), SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        end(engine, sink._transaction.connection)
        sink.write(DAYS[1])
    lost = r"postgresql.*the connection is lost"
    with pytest.raises(ConnectionError, match=lost), SqlSink(engine, "days") as sink:
        sink.write(DAYS[0])
        end(engine, sink._transaction.connection)
    assert tables(engine) == []


def test_parts_4_a_server_that_does_not_answer_is_a_connection_error(engine, tmp_path):
    nowhere = sql.create_engine(f"postgresql+psycopg:///postgres?host={tmp_path}")
    for part in SqlSource(nowhere, "SELECT 1"), SqlSink(nowhere, "days"):
        with pytest.raises(ConnectionError, match="cannot connect"):
            part.__enter__()


def test_parts_4_a_lock_that_does_not_clear_is_a_timeout_error(engine):
    write(SqlSink(engine, "days"))
    hasty = patient(engine, lock_timeout="50ms")
    with engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE days IN ACCESS EXCLUSIVE MODE")
        for part in SqlSource(hasty, "SELECT * FROM days"), SqlSink(hasty, "days"):
            with pytest.raises(TimeoutError, match="locked by another connection"), part:
                list(part.stream()) if isinstance(part, SqlSource) else part.write(DAYS[0])
    assert hasty.pool.checkedout() == 0
    hasty.dispose()


# The hundred and fiftieth row of these cannot be computed.
BREAKING = "SELECT n, 1 / (150 - n) AS x FROM generate_series(1, 100000) AS n"
SELECT = sql.select(sql.column("n"), sql.literal_column("1 / (150 - n)").label("x")).select_from(
    sql.func.generate_series(1, 100_000).alias("n")
)


@pytest.mark.parametrize("query", [BREAKING, sql.text(BREAKING), SELECT], ids=["string", "text", "select"])
def test_parts_6_at_most_a_hundred_rows_are_in_memory(engine, query):
    """What breaks at row 150 breaks after row 100 has arrived, and not before the first one."""
    with pytest.raises(sql.exc.DataError, match="division by zero"), SqlSource(engine, query) as source:
        stream, pulled = source.stream(), []
        for record in stream:
            pulled.append(record["n"])
    assert pulled == list(range(1, 101))


def test_parts_6_an_engine_in_autocommit_streams_too(engine):
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with pytest.raises(sql.exc.DataError, match="division by zero"), SqlSource(alone, BREAKING) as source:
        stream = source.stream()
        assert next(stream)["n"] == 1
        list(stream)
    with alone.connect() as connection:
        assert connection.connection.dbapi_connection.autocommit


def test_parts_6_after_a_failure_in_mid_stream_a_retry_resumes(engine):
    execute(engine, "CREATE TABLE many AS SELECT n FROM generate_series(1, 2000) AS n")
    source, waits = SqlSource(engine, "SELECT n FROM many ORDER BY n"), []
    source.stream = retryOnFailure(maxAttempts=2, delaySeconds=1, sleep=waits.append)(source.stream)
    with source:
        stream = source.stream()
        numbers = [next(stream)["n"] for _ in range(150)]
        end(engine, source._connection)
        numbers += [record["n"] for record in stream]
    assert numbers == list(range(1, 2001))
    assert waits == [1]


def test_parts_6_a_query_that_gives_no_rows_is_refused_and_does_nothing(engine):
    write(SqlSink(engine, "days"))
    with pytest.raises((ValueError, sql.exc.DBAPIError), match="postgresql"):
        rows(engine, "DELETE FROM days")
    assert rows(engine) == DAYS


@pytest.mark.parametrize("failing", [1, 4], ids=["in the middle", "the last write"])
def test_parts_7_a_commit_that_became_a_rollback_is_raised(engine, failing):
    """After a failed statement PostgreSQL answers a COMMIT with a ROLLBACK, and without an error."""
    execute(engine, "CREATE TABLE days (day INTEGER PRIMARY KEY)")
    records = [{"day": day} for day in range(4)]
    records.insert(failing, {"day": 0})
    pipeline = PipelineContext(ListSource(records), sink=Tolerant(SqlSink(engine, "days")))
    with pytest.raises(RuntimeError, match=r"a statement failed .*, so nothing can be kept"), pipeline:
        pipeline.run()
    assert (pipeline.state, rows(engine, "SELECT * FROM days")) == ("failed", [])
    assert pipeline.failure.startswith("RuntimeError: ") and "\n" not in pipeline.failure


def test_parts_7_a_retry_around_write_does_not_hide_a_failed_statement(engine):
    execute(engine, "CREATE TABLE days (day INTEGER PRIMARY KEY)", "INSERT INTO days VALUES (1)")
    hasty = patient(engine, lock_timeout="50ms")
    failed = r"a statement failed \(TimeoutError\), so nothing can be kept"
    with engine.connect() as other, pytest.raises(RuntimeError, match=failed):
        other.exec_driver_sql("DELETE FROM days")
        with SqlSink(hasty, "days") as sink:
            sink.write({"day": 2})
            retryOnFailure(maxAttempts=2, delaySeconds=0, sleep=lambda seconds: other.rollback())(sink.write)(
                {"day": 1}
            )
    assert rows(engine) == [{"day": 1}]
    hasty.dispose()


def test_parts_7_what_is_refused_before_it_reaches_the_database_may_be_skipped(engine):
    sink = Tolerant(SqlSink(engine, "days"), ValueError)
    write(sink, [DAYS[0], {"night": 1}, DAYS[1]])
    assert rows(engine) == DAYS[:2]


@pytest.mark.parametrize("pool", [StaticPool, SingletonThreadPool])
def test_parts_7_a_sink_has_a_connection_of_its_own(address, engine, pool):
    """On a shared one, a source that begins again would roll back what the sink has written."""
    write(SqlSink(engine, "days"))
    shared = sql.create_engine(address, poolclass=pool)
    source, sink = SqlSource(shared, "SELECT * FROM days"), SqlSink(shared, "copy")
    with pytest.raises(ValueError, match=r"postgresql.* has one connection for all"), source, sink:
        for record in source.stream():
            sink.write(record)
        next(source.stream())
    assert tables(engine) == ["days"]
    shared.dispose()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_parts_8_a_serialization_failure_is_a_timeout_error_and_is_retried(engine, level):
    """Both transactions see the old rows; the second that wants them cannot have them."""
    write(SqlSink(engine, "days"))
    strict, waits = engine.execution_options(isolation_level=level), []

    @retryOnFailure(maxAttempts=2, delaySeconds=1, sleep=waits.append)
    def run(disturbed):
        with SqlSource(strict, "SELECT * FROM days ORDER BY day FOR UPDATE") as source:
            source._connection.exec_driver_sql("SELECT 1")
            if len(waits) < disturbed:
                execute(engine, "UPDATE days SET wind = 0")
            return list(source.stream())

    with pytest.raises(TimeoutError, match="postgresql") as caught:
        run(disturbed=2)
    assert caught.value.__cause__.sqlstate == "40001"
    waits.clear()
    assert [record["wind"] for record in run(disturbed=1)] == [0.0] * 5
    assert waits == [1]


def until_waiting(engine, thread):
    """Return when the thread's connection waits for a lock."""
    while thread.is_alive():
        query = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        if rows(engine, query)[0]["n"]:
            return
        time.sleep(0.01)
    pytest.fail("the second run did not wait for the first")


@pytest.mark.parametrize("made", [False, True], ids=["no table yet", "a table"])
@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_parts_8_two_runs_that_replace_the_same_table_take_turns(engine, made, level):
    if made:
        execute(engine, "CREATE TABLE days (day BIGINT, wind FLOAT, weather TEXT)")
    errors = []
    second = engine.execution_options(isolation_level=level)

    def run():
        try:
            write(SqlSink(second, "days", replace=True), DAYS[:3])
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    with SqlSink(second, "days", replace=True) as first:
        first.write(DAYS[0])
        thread.start()
        until_waiting(engine, thread)
        for day in DAYS[1:]:
            first.write(day)
    thread.join()
    assert errors == []
    assert rows(engine) == DAYS[:3]


def test_parts_8_two_runs_that_make_the_same_table_take_turns(engine):
    errors = []

    def run():
        try:
            write(SqlSink(engine, "days"), DAYS[3:])
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    with SqlSink(engine, "days") as first:
        first.write(DAYS[0])
        thread.start()
        until_waiting(engine, thread)
        first.write(DAYS[1])
        first.write(DAYS[2])
    thread.join()
    assert errors == []
    assert rows(engine) == DAYS


def test_parts_8_a_turn_that_does_not_come_is_a_timeout_error(engine):
    hasty = patient(engine, lock_timeout="50ms")
    for _ in range(2):
        with SqlSink(engine, "days", replace=True) as first:
            first.write(DAYS[0])
            with pytest.raises(TimeoutError, match=r"table 'days' of .*: locked by another connection"):
                SqlSink(hasty, "days", replace=True).__enter__()
    assert (hasty.pool.checkedout(), rows(engine)) == (0, DAYS[:1])
    hasty.dispose()


def test_parts_8_runs_on_other_tables_do_not_wait(engine):
    hasty = patient(engine, lock_timeout="50ms")
    write(SqlSink(engine, "other"))
    with SqlSink(engine, "days", replace=True) as first:
        first.write(DAYS[0])
        write(SqlSink(hasty, "nights", replace=True))
        write(SqlSink(hasty, "other"))
    hasty.dispose()


def test_parts_8_three_loads_at_once_leave_one_loads_rows(engine, address):
    engines = [sql.create_engine(address) for _ in range(3)]
    path, counts = weather.shipped(), []
    threads = [
        threading.Thread(target=lambda one=one: counts.append(weather.load(path, one))) for one in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in engines:
        one.dispose()
    assert counts == [WET_DAYS] * 3
    assert rows(engine, "SELECT count(*) AS n FROM weather") == [{"n": WET_DAYS}]


# Every place at which the main job can fail


@pytest.mark.parametrize("half", ["load", "export"])
def test_every_fault_point_of_the_weather_job_is_clean(engine, tmp_path, half):
    path = tmp_path / "days.csv"
    path.write_text("".join(weather.shipped().read_text().splitlines(keepends=True)[:7]))
    config = weather.PipelineConfig(maxAttempts=2, delaySeconds=0.0)
    weather.load(path, engine, config)
    query = "SELECT * FROM weather ORDER BY date"
    kept, after = rows(engine, query), []
    while sessions(engine) > 1:
        time.sleep(0.01)  # the server still ends those of the tests before

    def build():
        if half == "load":
            return weather.build(path, engine, config)
        return SqlSource(engine, query), (), JsonLinesSink(tmp_path / "days.jsonl")

    def run(source, stages, sink):
        try:
            with PipelineContext(source, stages, sink) as pipeline:
                return pipeline.run()
        finally:
            after.append((engine.pool.checkedout(), sessions(engine)))

    result = sweep(build, run, system=True)
    assert result.leaks == () and result.clean and len(result.outcomes) > 15
    assert any(outcome.raised for outcome in result.outcomes)
    assert set(after) == {(0, 1)}, "by the count of the pool, and by that of the server"
    assert rows(engine, query) == kept


# Runs that are killed


DEEP = pytest.param(300, marks=[pytest.mark.deep, pytest.mark.timeout(900)])


@pytest.mark.parametrize("runs", [30, DEEP])
def test_parts_7_a_killed_run_leaves_the_old_rows_or_the_new_ones(engine, address, runs):
    """Killed at a random moment; a run that reports success has kept all its rows."""
    seed = random.SystemRandom().randrange(10**6)
    command = [sys.executable, killed_runs.__file__, address, str(runs), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(f"seed {seed}: {done.stdout}")
    counted = json.loads(done.stdout)
    assert counted["wrong"] == []
    ways = [counted[way] for way in ("killed", "reported", "refused")]
    assert sum(ways) == runs and (runs < 100 or min(ways) > 0)


# What 05 shows in In production

LESSON = Path(__file__).resolve().parents[2] / "notebooks/05_composition.ipynb"


@contextlib.contextmanager
def losing_replies(address, folder):
    """The address of a door to the database. Once, it loses the reply to a COMMIT: the connection ends."""
    behind = Path(sql.make_url(address).query["host"], ".s.PGSQL.5432")
    left = ["the first reply"]

    def serve(client):
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(behind))
            while ready := select.select([client, server], [], [], 60)[0]:
                data = ready[0].recv(65536)
                if not data:
                    return
                (server if ready[0] is client else client).sendall(data)
                if ready[0] is client and b"COMMIT" in data and left:
                    left.pop()
                    server.recv(65536)  # the database has committed
                    return

    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / ".s.PGSQL.5432"))
        door.listen()

        def open_door():
            with contextlib.suppress(OSError):  # until the door is closed
                while True:
                    threading.Thread(target=serve, args=[door.accept()[0]], daemon=True).start()

        threading.Thread(target=open_door, daemon=True).start()
        yield sql.make_url(address).update_query_dict({"host": str(folder)})
        door.shutdown(socket.SHUT_RDWR)
    assert not left, "no reply was lost"


@pytest.mark.parametrize(("replace", "kept"), [(False, 10), (True, 5)])
def test_an_appended_load_is_doubled_if_the_reply_to_its_commit_is_lost(engine, replace, kept):
    seen = []

    @retryOnFailure(maxAttempts=2, delaySeconds=0)
    def night(engine):
        try:
            with PipelineContext(ListSource(DAYS), sink=SqlSink(engine, "days", replace)) as pipeline:
                pipeline.run()
        except OSError as error:
            seen.append(type(error))
            raise

    # A socket's path has at most about a hundred characters, so the folder is not in pytest's own.
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        losing_replies(engine.url, Path(folder)) as address,
    ):
        through = sql.create_engine(address)
        night(through)
        through.dispose()
    assert seen == [ConnectionError]
    assert len(rows(engine)) == kept


@pytest.mark.deep
def test_the_cells_of_the_lesson_print_over_postgresql_what_the_lesson_says(engine, capsys):
    cells = {cell["id"]: "".join(cell["source"]) for cell in json.loads(LESSON.read_bytes())["cells"]}
    before = ("setup", "setup-parts", "setup-days", "engine", "kept")
    shown = ("postgres-address", "postgres-activity", "postgres-compare", "postgres-run")
    names = {"__name__": "lesson"}
    for id in before:
        exec(cells[id].replace("%xmode Minimal", ""), names)
    engine.dispose()  # the database would list its connection, too
    capsys.readouterr()
    for id in shown:
        address = engine.url.render_as_string(hide_password=False)
        lines = cells[id].replace("postgresql+psycopg://user:password@host/database", address)
        # The reader removes the mark before the line of the address.
        exec(lines.replace("# ADDRESS", "ADDRESS"), names)
    (said,) = re.findall(r"```\n(.*?)```", cells["postgres-why"], re.DOTALL)
    assert capsys.readouterr().out == said
