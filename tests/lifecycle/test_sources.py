"""The sources: what they yield, what they refuse, and what is open meanwhile."""

import contextlib
import errno
import inspect
import io
import json
import os
import socket
import sqlite3
import sys
import time
import tracemalloc

import pytest
import sqlalchemy as sql
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.pool import QueuePool

from lessons.lab.replay import ReplayServer
from lifecycle import PipelineContext, ledger, retryOnFailure
from lifecycle.sinks import CsvSink, JsonLinesSink, SqlSink
from lifecycle.sources import CsvSource, JsonLinesSource, ListSource, SocketSource, SqlSource

DAYS = [{"day": str(number), "wind": f"{number}.5"} for number in range(1, 6)]


def csv_of(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CsvSource(path)


def pulled(source):
    with source:
        return list(source.stream())


@pytest.fixture
def csv_path(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("day,wind\n" + "".join(f"{d['day']},{d['wind']}\n" for d in DAYS))
    return path


@pytest.fixture
def engine(tmp_path):
    engine = sql.create_engine(f"sqlite:///{tmp_path}/days.db", connect_args={"timeout": 0.1})
    with SqlSink(engine, "days") as sink:
        for day in DAYS:
            sink.write(day)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def nothing_stays_open():
    """Every test ends where it began, by name: the sources kept on purpose included."""
    before = ledger.held()
    yield
    assert ledger.held() == before


@contextlib.contextmanager
def every_source(tmp_path, csv_path, engine):
    """One of each source that has something to open, over the same five days."""
    lines = tmp_path / "days.jsonl"
    lines.write_text("".join(json.dumps(day) + "\n" for day in DAYS))
    with ReplayServer(DAYS) as server:
        yield [
            CsvSource(csv_path),
            JsonLinesSource(lines),
            SqlSource(engine, "SELECT day, wind FROM days ORDER BY day"),
            SocketSource(server.host, server.port),
        ]


@pytest.fixture
def sources(tmp_path, csv_path, engine):
    with every_source(tmp_path, csv_path, engine) as sources:
        yield sources


# Behaviour, line by line


def test_parts_1_undecorated_context_managers(sources):
    for source in sources:
        for name in ("__enter__", "__exit__", "stream"):
            function = inspect.getattr_static(type(source), name)
            assert inspect.isfunction(function) and not hasattr(function, "__wrapped__")
        assert inspect.isgeneratorfunction(source.stream)
        with source as entered:
            assert entered is source
            assert list(source.stream()) == DAYS


def test_parts_1_stream_outside_with_is_a_runtime_error_at_the_first_pull(sources):
    for source in sources:
        stream = source.stream()
        with pytest.raises(RuntimeError, match="not open: use it inside `with`"):
            next(stream)
        with source:
            assert len(list(source.stream())) == 5
        with pytest.raises(RuntimeError, match=type(source).__name__):
            next(source.stream())


def test_parts_1_list_source_works_anywhere():
    days = iter(DAYS)
    source = ListSource(days)
    assert list(source.stream()) == list(source.stream()) == DAYS


def test_parts_1_a_second_stream_starts_at_the_first_record(sources):
    for source in sources:
        with source:
            first = source.stream()
            assert [next(first), next(first)] == DAYS[:2]
            second = source.stream()
            assert list(second) == DAYS
            assert list(source.stream()) == DAYS


def test_parts_1_a_second_stream_closes_what_the_one_before_opened(sources):
    before = ledger.system()
    for source in sources:
        with source:
            streams = [source.stream() for _ in range(5)]
            for stream in streams:
                next(stream)
            held = [entry for entry in ledger.held() if entry.kind == source.kind]
            assert len(held) == 1
            assert [next(streams[-1])["day"] for _ in range(4)] == ["2", "3", "4", "5"]
    wait_for_baseline(before)


def test_parts_1_a_stream_that_was_replaced_ends_loudly(sources):
    """It must never hand on the other stream's records, nor end as if there were no more."""
    for source in sources:
        with source:
            first = source.stream()
            next(first)
            next(source.stream())
            with pytest.raises((ValueError, RuntimeError)):
                list(first)


def test_parts_1_the_source_can_be_entered_again_after_it_was_left(sources):
    for source in sources:
        for _ in range(2):
            with source:
                assert list(source.stream()) == DAYS


def test_parts_1_entering_twice_is_refused_and_opens_nothing(sources):
    for source in sources:
        with source:
            held = ledger.held()
            with pytest.raises(RuntimeError, match="open already"):
                source.__enter__()
            assert ledger.held() == held


def test_parts_1_leaving_twice_is_harmless(sources):
    for source in sources:
        with source:
            pass
        assert source.__exit__(None, None, None) is False


def wait_for_baseline(before):
    """The server's own side of a connection is closed by its thread, after ours."""
    for _ in range(1_000):
        if ledger.system() == before:
            return
        time.sleep(0.01)
    assert ledger.system() == before


def test_open_means_in_the_ledger_and_in_the_operating_system(csv_path, engine):
    engine.dispose()
    with ReplayServer(DAYS) as server:
        sources = [
            (CsvSource(csv_path), "file", str(csv_path)),
            (SqlSource(engine, "SELECT * FROM days"), "connection", str(engine.url)),
            (SocketSource(server.host, server.port), "socket", f"{server.host}:{server.port}"),
        ]
        for source, kind, name in sources:
            assert ledger.held() == ()
            source.__enter__()
            assert [(entry.kind, entry.name) for entry in ledger.held()] == [(kind, name)]
            next(source.stream())
            assert len(ledger.held()) == 1
            source.__exit__(None, None, None)


def test_the_file_is_closed_although_the_traceback_is_kept(csv_path):
    before = ledger.system()
    source, kept = CsvSource(csv_path), None
    try:
        with source:
            stream = source.stream()
            next(stream)
            raise OSError("kept")
    except OSError as error:
        kept = error
    assert kept.__traceback__ is not None and stream.gi_frame is not None
    assert ledger.system() == before


def test_a_run_in_a_context_closes_source_and_stream(sources):
    before = ledger.system()
    for source in sources:
        kept = PipelineContext(source)
        with kept:
            assert kept.run() == 5
    wait_for_baseline(before)


# CSV


@pytest.mark.parametrize(
    "text",
    [
        "day,wind\n1,1.5\n2,2.5\n",
        "day,wind\r\n1,1.5\r\n2,2.5\r\n",
        "day,wind\n1,1.5\n2,2.5",
        b"\xef\xbb\xbfday,wind\n1,1.5\n2,2.5\n",
        "\n\nday,wind\n\n1,1.5\n\r\n2,2.5\n\n",
        "day,wind\r1,1.5\r2,2.5\r",
    ],
    ids=["unix", "windows", "no last newline", "byte order mark", "blank lines", "old mac"],
)
def test_parts_5_csv_with_or_without_bom_and_with_blank_lines(tmp_path, text):
    with csv_of(tmp_path / "days.csv", text) as source:
        assert list(source.stream()) == DAYS[:2]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("day,wind\n1,1.5\n2\n", 3, "1 cells, where the header has 2"),
        ("day,wind\n1,1.5,9\n", 2, "3 cells, where the header has 2"),
        ("day,wind\n\n\n1\n", 4, "1 cells"),
        ('day,wind\n"1\n1",1.5\n2\n', 4, "1 cells"),
        ('day,wind\n1,"1.5\n2,2.5\n', 3, "unexpected end of data"),
        ('day,wind\n1,"1.5"x\n', 2, "expected after"),
        ("day,day\n1,1.5\n", 1, "two columns are called 'day'"),
        (b"day,wind\n1,1.5\n2,\xb0C\n", 3, "UTF-8 text is expected"),
        (b"d\xe4y,wind\n1,1.5\n", 1, "UTF-8 text is expected"),
        (b"day,wind\n1,1.5\n2,2\x00.5\n", 3, "a NUL is not text"),
        ("day,wind\n1,1.5\n".encode("utf-16"), 1, "UTF-8 text is expected"),
    ],
)
def test_parts_5_a_bad_line_is_a_value_error_with_file_and_line(tmp_path, text, line, says):
    path = tmp_path / "days.csv"
    with csv_of(path, text) as source, pytest.raises(ValueError) as caught:
        list(source.stream())
    assert f"{path}, line {line}" in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize("bad", [b"\xff", b"\x00"])
@pytest.mark.parametrize("row", [1, 2, 700, 20_000])
def test_parts_5_the_line_of_a_wrong_byte_is_exact_in_a_long_file(tmp_path, bad, row):
    rows = [b"%d,%d.5\n" % (number, number) for number in range(1, 20_001)]
    rows[row - 1] = b"1," + bad + b"\n"
    path = tmp_path / "days.csv"
    with pytest.raises(ValueError, match=rf"days\.csv, line {row + 1}: UTF-8"):
        pulled(csv_of(path, b"\xef\xbb\xbfday,wind\n" + b"".join(rows)))


def test_parts_5_a_row_is_wrong_only_when_it_is_pulled(tmp_path):
    with csv_of(tmp_path / "days.csv", "day,wind\n1,1.5\n2\n") as source:
        stream = source.stream()
        assert next(stream) == DAYS[0]
        with pytest.raises(ValueError, match="line 3"):
            next(stream)


def test_an_empty_csv_file_has_no_records(tmp_path):
    for text in ("", "\n\n", "day,wind\n"):
        with csv_of(tmp_path / "days.csv", text) as source:
            assert list(source.stream()) == []


def test_an_error_thrown_into_the_stream_passes_as_it_is(csv_path):
    error = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "thrown in")
    with CsvSource(csv_path) as source:
        stream = source.stream()
        next(stream)
        with pytest.raises(UnicodeDecodeError) as caught:
            stream.throw(error)
    assert caught.value is error


@pytest.mark.parametrize("kind", [CsvSource, JsonLinesSource])
def test_a_missing_file_and_a_directory_are_named(tmp_path, kind):
    before = ledger.system()
    missing = kind(tmp_path / "missing.csv")
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
        missing.__enter__()
    folder = kind(tmp_path)
    with pytest.raises(OSError) as caught:
        folder.__enter__()
    assert str(tmp_path) in str(caught.value)
    assert (ledger.held(), ledger.system()) == ((), before)
    with pytest.raises(RuntimeError, match="not open"):
        next(missing.stream())


@contextlib.contextmanager
def as_nobody():
    """Root may read everything: become somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_file_without_permission_is_named(csv_path):
    csv_path.chmod(0)
    with as_nobody(), pytest.raises(PermissionError, match=r"days\.csv"):
        CsvSource(csv_path).__enter__()
    assert ledger.held() == ()


def test_a_second_stream_reads_the_same_file_though_another_has_its_path(csv_path, tmp_path):
    """A retry goes on where it broke: only the same file has the same records before that."""
    with CsvSource(csv_path) as source:
        next(source.stream())
        other = tmp_path / "other.csv"
        other.write_text("night\n1\n")
        os.replace(other, csv_path)
        assert list(source.stream()) == DAYS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_pipe_is_read_once_and_says_so(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    os.write(writer, b"day,wind\n1,1.5\n")
    source = CsvSource(path)
    with source:
        os.close(writer)
        assert list(source.stream()) == DAYS[:1]
        with pytest.raises(OSError):
            list(source.stream())


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that opens and cannot be read")
@pytest.mark.parametrize("kind", [CsvSource, JsonLinesSource])
def test_a_file_that_cannot_be_read_is_named(kind):
    with pytest.raises(OSError, match="/proc/self/mem") as caught:
        pulled(kind("/proc/self/mem"))
    assert caught.value.errno == errno.EIO


# JSON lines


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{broken", "Expecting"),
        ("[1, 2]", "not \\[1, 2\\]"),
        ('"text"', "JSON object"),
        ('{"wind": NaN}', "JSON does not have NaN"),
        ('{"wind": -Infinity}', "JSON does not have -Infinity"),
        ('{"wind": 1} {"wind": 2}', "Extra data"),
        ('{"wind": "\x00"}', "control character"),
        (b'{"wind": "\xb0"}', "UTF-8"),
        ("[" * 100_000, "JSON object"),
    ],
)
def test_parts_5_a_bad_json_line_is_a_value_error_with_file_and_line(tmp_path, line, says):
    path = tmp_path / "days.jsonl"
    path.write_bytes(b'{"day": 1}\n\n' + (line if isinstance(line, bytes) else line.encode()) + b"\n")
    with JsonLinesSource(path) as source:
        stream = source.stream()
        assert next(stream) == {"day": 1}
        with pytest.raises(ValueError, match=rf"days\.jsonl, line 3: .*{says}"):
            next(stream)


def test_parts_5_json_lines_with_bom_blank_lines_and_no_last_newline(tmp_path):
    path = tmp_path / "days.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"day": 1}\n  \n{"day": 2}')
    with JsonLinesSource(path) as source:
        assert list(source.stream()) == [{"day": 1}, {"day": 2}]


# SQL


def test_parts_3_query_is_text_or_a_select(engine):
    days = sql.Table("days", sql.MetaData(), autoload_with=engine)
    for query in ("SELECT * FROM days", sql.text("SELECT * FROM days"), sql.select(days)):
        with SqlSource(engine, query) as source:
            assert list(source.stream()) == DAYS


def test_sql_columns_of_one_name_are_refused(engine):
    with pytest.raises(ValueError, match=r"days\.db: two columns are called 'day'"):
        pulled(SqlSource(engine, "SELECT day, wind AS day FROM days"))


def test_a_query_that_gives_no_rows_is_refused_and_does_nothing(engine):
    with pytest.raises(ValueError, match=r"a SELECT is expected"):
        pulled(SqlSource(engine, "DELETE FROM days"))
    assert pulled(SqlSource(engine, "SELECT * FROM days")) == DAYS


def test_what_the_database_refuses_names_the_address(engine):
    with pytest.raises(sql.exc.OperationalError, match=r"days\.db") as caught:
        pulled(SqlSource(engine, "SELECT * FROM nights"))
    assert "nights" in str(caught.value)


def test_parts_4_a_database_that_cannot_be_opened_is_a_connection_error(tmp_path):
    engine = sql.create_engine(f"sqlite:///{tmp_path}/no/such/folder.db")
    with pytest.raises(ConnectionError, match=r"folder\.db: cannot connect") as caught:
        SqlSource(engine, "SELECT 1").__enter__()
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


def test_parts_4_the_engine_is_the_callers(engine):
    engine.dispose()
    with SqlSource(engine, "SELECT * FROM days") as source:
        next(source.stream())
        assert engine.pool.checkedout() == 1
    assert (engine.pool.checkedout(), engine.pool.checkedin()) == (0, 1)


def test_parts_4_a_pool_without_a_free_connection_is_a_timeout_error(tmp_path):
    engine = sql.create_engine(
        f"sqlite:///{tmp_path}/days.db", poolclass=QueuePool, pool_size=20, max_overflow=0, pool_timeout=0.01
    )
    with contextlib.ExitStack() as twenty:
        for _ in range(20):
            twenty.enter_context(SqlSource(engine, "SELECT 1"))
        with pytest.raises(TimeoutError, match=r"days\.db: QueuePool limit of size 20"):
            SqlSource(engine, "SELECT 1").__enter__()
        assert len(ledger.held()) == 20
    assert engine.pool.checkedout() == 0
    engine.dispose()


def test_parts_4_a_lost_connection_is_a_connection_error_and_the_next_stream_has_another(engine):
    with SqlSink(engine, "many") as sink:
        for number in range(500):
            sink.write({"number": number})
    with SqlSource(engine, "SELECT number FROM many ORDER BY number") as source:
        stream = source.stream()
        next(stream)
        source._connection.connection.dbapi_connection.close()
        with pytest.raises(ConnectionError, match=r"days\.db: the connection is lost") as caught:
            list(stream)
        assert isinstance(caught.value.__cause__, sqlite3.ProgrammingError)
        assert len(list(source.stream())) == 500
    assert engine.pool.checkedout() == 0


def test_parts_4_a_lost_connection_is_retried_and_each_record_comes_once(engine):
    with SqlSink(engine, "many") as sink:
        for number in range(500):
            sink.write({"number": number})
    source = SqlSource(engine, "SELECT number FROM many ORDER BY number")
    source.stream = retryOnFailure(maxAttempts=2, delaySeconds=0)(source.stream)
    with source:
        stream = source.stream()
        numbers = [next(stream)["number"] for _ in range(150)]
        source._connection.connection.dbapi_connection.close()
        numbers += [record["number"] for record in stream]
    assert numbers == list(range(500))


def test_parts_4_a_lock_that_does_not_clear_is_a_timeout_error(engine, tmp_path):
    other = sqlite3.connect(f"{tmp_path}/days.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TimeoutError, match=r"days\.db: locked by another connection") as caught:
            pulled(SqlSource(engine, "SELECT * FROM days"))
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    finally:
        other.close()


SEEN = "SELECT seen(number) AS number FROM many"
SELECT = sql.select(sql.func.seen(sql.column("number")).label("number")).select_from(sql.table("many"))


@pytest.mark.parametrize("query", [SEEN, sql.text(SEEN), SELECT], ids=["string", "text", "select"])
def test_parts_6_at_most_a_hundred_rows_are_in_memory(engine, query):
    """The database computes a row when it is fetched: a hundred at a time, neither one nor all of them."""
    with SqlSink(engine, "many") as sink:
        for number in range(250):
            sink.write({"number": number})
    seen = []
    with SqlSource(engine, query) as source:
        driver = source._connection.connection.dbapi_connection
        driver.create_function("seen", 1, lambda number: seen.append(number) or number)
        stream, ahead = source.stream(), []
        for record in stream:
            ahead.append(len(seen) - record["number"])
    assert len(seen) == len(ahead) == 250
    assert max(ahead) in (100, 101) and ahead[:250:100] == [ahead[0], ahead[0], len(seen) - 200]


class DriverError(Exception):
    """What PostgreSQL's and MySQL's drivers raise, as far as the translation looks at it."""

    def __init__(self, *args, sqlstate=None):
        super().__init__(*args)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("driver", "lost", "expected"),
    [
        (DriverError("canceling statement due to lock timeout", sqlstate="55P03"), False, TimeoutError),
        (DriverError("deadlock detected", sqlstate="40P01"), False, TimeoutError),
        (DriverError("could not serialize access", sqlstate="40001"), False, TimeoutError),
        (DriverError(1205, "Lock wait timeout exceeded"), False, TimeoutError),
        (DriverError(1213, "Deadlock found"), False, TimeoutError),
        (DriverError("server closed the connection unexpectedly"), True, ConnectionError),
        (DriverError(2006, "MySQL server has gone away"), True, ConnectionError),
        (DriverError("syntax error", sqlstate="42601"), False, sql.exc.OperationalError),
        (DriverError(1146, "Table doesn't exist"), False, sql.exc.OperationalError),
        (DriverError({"C": "42601", "M": "syntax error"}), False, sql.exc.OperationalError),
        (DriverError(), False, sql.exc.OperationalError),
    ],
)
def test_parts_4_errors_of_other_drivers(driver, lost, expected):
    from lifecycle import database

    error = sql.exc.OperationalError("SELECT 1", {}, driver, connection_invalidated=lost)
    with pytest.raises(expected, match=r"table 'days'") as caught, database.translated("table 'days'"):
        raise error
    assert caught.value is error or caught.value.__cause__ is driver


def test_the_password_is_not_in_messages_and_ledger(tmp_path):
    from lifecycle import database

    engine = sql.create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:"))
    engine.url = sql.make_url("postgresql://me:secret@host/days")
    assert database.address(engine) == "postgresql://me:***@host/days"


# Sockets


@pytest.fixture
def dialled(monkeypatch):
    """The addresses to which this process has connected.

    The server's own count also has strangers: a client of a kernel that is gone goes on trying its old port.
    """
    made = []
    connect = socket.create_connection

    def counted(address, *more):
        made.append(address)
        return connect(address, *more)

    monkeypatch.setattr(socket, "create_connection", counted)
    return made


def test_parts_5_a_socket_carries_one_object_a_line(sources, dialled):
    with ReplayServer([{"day": 1}, '{"day": 2}', '{"wind": "°C"}']) as server:
        with SocketSource(server.host, server.port) as source:
            assert list(source.stream()) == [{"day": 1}, {"day": 2}, {"wind": "°C"}]
        assert len(dialled) == 1


def test_parts_5_the_end_at_a_lines_end_is_a_normal_end():
    with ReplayServer(DAYS, "end", after=3) as server, SocketSource(server.host, server.port) as source:
        assert list(source.stream()) == DAYS[:3]


@pytest.mark.parametrize(
    ("failure", "expected", "says"),
    [
        ("cut", ConnectionError, "line 4: the connection ended in the middle of the line"),
        ("reset", ConnectionResetError, "line 4"),
        ("silence", TimeoutError, "line 4"),
    ],
)
def test_parts_5_a_cut_reset_or_silent_connection_names_the_address(failure, expected, says, dialled):
    with ReplayServer(DAYS, failure, after=3) as server:
        patience = 1 if failure == "silence" else 10
        with SocketSource(server.host, server.port, timeout=patience) as source:
            stream = source.stream()
            assert [next(stream) for _ in range(3)] == DAYS[:3]
            with pytest.raises(expected, match=rf"127\.0\.0\.1:{server.port}, {says}"):
                next(stream)
            assert list(source.stream()) == DAYS
        assert len(dialled) == 2


@pytest.mark.parametrize("failure", ["cut", "reset"])
def test_parts_5_a_broken_connection_is_retried_and_each_record_comes_once(failure, dialled):
    with ReplayServer(DAYS, failure, after=3, failures=2) as server:
        source = SocketSource(server.host, server.port)
        source.stream = retryOnFailure(maxAttempts=3, delaySeconds=0)(source.stream)
        with source:
            assert list(source.stream()) == DAYS
        assert len(dialled) == 3


def test_a_refused_connection_is_named_and_leaves_nothing_open():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        before = ledger.system()
        source = SocketSource("127.0.0.1", port)
        with pytest.raises(ConnectionRefusedError, match=rf"127\.0\.0\.1:{port}"):
            source.__enter__()
        assert (ledger.held(), ledger.system()) == ((), before)


def test_a_server_that_is_gone_at_the_second_stream_leaves_nothing_open():
    with ReplayServer(DAYS) as server:
        source = SocketSource(server.host, server.port)
        source.__enter__()
        assert list(source.stream()) == DAYS
    with pytest.raises(ConnectionRefusedError):
        next(source.stream())
    with pytest.raises(ConnectionRefusedError):
        next(source.stream())
    assert ledger.held() == ()
    source.__exit__(None, None, None)
    assert ledger.held() == ()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{broken", "line 2: a JSON object in UTF-8 is expected"),
        ("x" * 1_000_001, "line 2: longer than 1000000 bytes"),
    ],
)
def test_parts_5_a_bad_line_from_a_socket_names_the_address(line, says):
    where = r"127\.0\.0\.1:\d+"
    with ReplayServer([{"day": 1}, line]) as server, pytest.raises(ValueError, match=f"{where}, {says}"):
        pulled(SocketSource(server.host, server.port))


@pytest.mark.parametrize("timeout", [0, -1, None])
def test_a_socket_source_never_waits_without_an_end(timeout):
    with pytest.raises(ValueError, match="seconds, more than 0"):
        SocketSource("127.0.0.1", 80, timeout)


# What holds for all inputs

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), max_size=8)


@st.composite
def tables(draw, cells=texts):
    columns = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    return draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, cells)), max_size=8))


@settings(deadline=None)
@given(rows=tables())
def test_any_rows_survive_csv(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    with CsvSink(path) as sink:
        for row in rows:
            sink.write(row)
    with CsvSource(path) as source:
        assert list(source.stream()) == rows


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts


@settings(deadline=None)
@given(rows=st.lists(st.dictionaries(names, values | st.lists(values, max_size=3), max_size=4), max_size=8))
def test_any_objects_survive_json_lines(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("lines") / "rows.jsonl"
    with JsonLinesSink(path) as sink:
        for row in rows:
            sink.write(row)
    with JsonLinesSource(path) as source:
        assert list(source.stream()) == rows


@settings(deadline=None)
@given(stops=st.lists(st.integers(0, 5), max_size=6))
def test_streams_left_anywhere_and_kept_leave_nothing_open(tmp_path_factory, stops):
    path = tmp_path_factory.mktemp("kept") / "days.csv"
    path.write_text("day\n1\n2\n3\n4\n5\n")
    before, kept = ledger.system(), []
    with CsvSource(path) as source:
        for stop in stops:
            stream = source.stream()
            kept.append(stream)
            assert [next(stream)["day"] for _ in range(stop)] == list("12345")[:stop]
    assert (ledger.held(), ledger.system()) == ((), before)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "sql"])
def test_memory_does_not_grow_with_the_records(tmp_path, kind):
    def peak(count):
        with long_source(tmp_path, kind, count) as source:
            for _ in range(2):
                tracemalloc.start()
                assert sum(1 for _ in source.stream()) == count
                used = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
        if kind == "sql":
            source.engine.dispose()
        return used

    small, large = peak(2_000), peak(12_000)
    assert large < small + 100_000


def long_source(tmp_path, kind, count):
    path = tmp_path / f"{count}.{kind}"
    if kind == "csv":
        path.write_text("day,wind\n" + "1,4.7\n" * count)
        return CsvSource(path)
    if kind == "jsonl":
        path.write_text('{"day": 1, "wind": 4.7}\n' * count)
        return JsonLinesSource(path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE days (day, wind)")
    connection.executemany("INSERT INTO days VALUES (?, ?)", ((1, 4.7) for _ in range(count)))
    connection.commit()
    connection.close()
    return SqlSource(sql.create_engine(f"sqlite:///{path}"), "SELECT * FROM days")


def test_an_open_source_is_a_file_that_python_can_see_closed(csv_path):
    with CsvSource(csv_path) as source:
        next(source.stream())
        file = source._file
    assert isinstance(file, io.FileIO) and file.closed
