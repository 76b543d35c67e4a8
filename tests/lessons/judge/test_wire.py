"""The wire: values cross as copies or as numbers, errors keep their identity, and every limit is reached."""

from __future__ import annotations

import datetime
import gc
import inspect
import json
import math
import mmap
import os
import socket
import struct
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessons.exercises import attempt
from lessons.exercises.exercise import unchanged
from lessons.judge import judge as judging
from lessons.judge import trial, wire
from lessons.judge.host import Host
from lessons.judge.judge import Callback, Judge, Remote, declared, judge_of
from lessons.judge.trial import can_copy
from lessons.judge.wire import Channel, Kept, Over


def joined(answer: object = None) -> tuple[Judge, Host]:
    """A judge and a host in this process."""
    judge, host = Judge(), Host(None, answer)
    judge.other, host.other = host, judge
    return judge, host


def echoed(value: Any) -> Any:
    """A value that went to the host and came back."""
    judge, _ = joined(lambda given: given)
    return judge.ask("answer")(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.dates() | st.datetimes() | st.complex_numbers(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
    | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


def same(one: Any, two: Any) -> bool:
    """Equal, and of the same types throughout."""
    if type(one) is not type(two):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    return bool(one == two)


@settings(deadline=None)
@given(PLAIN)
def test_a_plain_value_comes_back_equal_and_of_the_same_types(value: object) -> None:
    assert same(echoed(value), value)


@pytest.mark.parametrize(
    "value", [{1, 2}, frozenset("ab"), int, ValueError, Path("a") / "b", math.inf, 2**80, "\ud800"]
)
def test_so_do_sets_types_paths_and_odd_numbers_and_texts(value: object) -> None:
    assert same(echoed(value), value)


def test_not_a_number_comes_back_as_itself() -> None:
    assert math.isnan(echoed(math.nan))


def test_an_object_of_the_hosts_is_the_same_one_each_time_and_comes_home() -> None:
    thing = object()
    judge, _ = joined([thing, lambda given: given is thing])
    kept = judge.ask("answer")
    assert kept[0] is kept[0] and isinstance(kept[0], Remote)
    assert kept[1](kept[0]) is True
    assert judge_of(kept[0]) is judge


@declared("pull", "name", name="Part")
class Double:
    name = "the source"
    secret = "what the check expects"

    def pull(self, count: int = 1) -> int:
        return count + 1


def test_a_host_may_do_with_an_object_what_is_declared() -> None:
    judge, _ = joined(lambda part: [part.pull(), part.pull(count=3), part.name, type(part).__name__])
    assert judge.ask("answer")(Double()) == [2, 4, "the source", "Part"]


@pytest.mark.parametrize(
    "name", ["secret", "__class__.__init__", "__dict__", "__init__", "_numbers", "other"]
)
def test_and_nothing_else_though_it_asks_by_name(name: str) -> None:
    def peeks(part: Any) -> list[str]:
        said = []
        for question in (("value", part, name), ("call", part, name, [], {})):
            try:
                said.append(str(host.ask(*question)))
            except AttributeError as error:
                said.append(str(error))
        return said

    judge, host = joined(peeks)
    assert judge.ask("answer")(Double()) == [f"'Double' object has no attribute {name!r}"] * 2


def test_what_is_not_declared_never_crosses() -> None:
    judge, _ = joined(lambda given: given)
    with pytest.raises(AttributeError, match="'Channel' objects are not declared"):
        judge.ask("answer")(Channel(socket.socket()))


def test_a_subclass_of_what_is_declared_is_not_declared() -> None:
    class More(Double):
        pass

    judge, _ = joined(lambda given: given)
    with pytest.raises(AttributeError, match="'More'"):
        judge.ask("answer")(More())


# --- errors ---


def test_an_error_of_the_judges_comes_back_as_the_same_object() -> None:
    error = OSError(5, "the line is dead")

    def fails() -> None:
        raise error

    judge, _ = joined(lambda call: call())
    with pytest.raises(OSError) as raised:
        judge.ask("answer")(Callback(fails))
    assert raised.value is error


def test_an_equal_error_is_another_object() -> None:
    error = OSError("the line is dead")

    def fails() -> None:
        raise error

    def answer(call: Any) -> None:
        try:
            call()
        except OSError as same:
            raise OSError(*same.args) from None

    judge, _ = joined(answer)
    with pytest.raises(OSError) as raised:
        judge.ask("answer")(Callback(fails))
    assert raised.value is not error and raised.value.args == error.args


@pytest.mark.parametrize(
    "error", [StopIteration(3), KeyboardInterrupt(), SystemExit(2), GeneratorExit(), KeyError("a")]
)
def test_an_error_of_the_hosts_has_its_type_and_its_arguments(error: BaseException) -> None:
    def answer() -> None:
        raise error

    judge, _ = joined(answer)
    with pytest.raises(type(error)) as raised:
        judge.ask("answer")()
    assert raised.value.args == error.args and type(raised.value) is type(error)


def test_an_error_of_the_hosts_own_type_is_of_the_nearest_type_that_is_known() -> None:
    class Broken(LookupError):
        def __init__(self, station: str, day: int) -> None:
            super().__init__(f"{station} on day {day}")

    def answer() -> None:
        raise Broken("Lund", 3)

    judge, _ = joined(answer)
    with pytest.raises(LookupError) as raised:
        judge.ask("answer")()
    assert (
        type(raised.value).__name__ == "Broken" and raised.value.__dict__["_wire"]["text"] == "Lund on day 3"
    )


def test_cause_context_and_a_group_come_along() -> None:
    def answer() -> None:
        try:
            raise OSError("first")
        except OSError as first:
            group = ExceptionGroup("both", [ValueError("a"), first])
            raise group from first

    judge, _ = joined(answer)
    with pytest.raises(ExceptionGroup) as raised:
        judge.ask("answer")()
    error = raised.value
    assert [type(one) for one in error.exceptions] == [ValueError, OSError]
    assert error.__cause__ is error.exceptions[1]


def test_the_cause_of_an_error_of_the_judge_comes_to_the_answer() -> None:
    def strike() -> None:
        raise ValueError("second") from OSError("first")

    def answer(strike: Any) -> str:
        try:
            strike()
        except ValueError as error:
            return repr(error.__cause__)
        return ""

    judge, _ = joined(answer)
    assert judge.ask("answer")(Callback(strike)) == "OSError('first')"


@pytest.mark.parametrize("cause", ["as it was", None, "its own", OSError("another")])
def test_an_error_whose_cause_was_changed_has_not_come_out_unchanged(cause: Any) -> None:
    struck = ValueError("second")

    def strike() -> None:
        raise struck from OSError("first")

    def answer(strike: Any) -> None:
        try:
            strike()
        except ValueError as error:
            if cause == "as it was":
                raise
            raise error from (error if cause == "its own" else cause)

    judge, _ = joined(answer)
    tried = attempt(judge.ask("answer"), Callback(strike))
    assert tried.error is struck
    assert unchanged(tried, struck) is (cause == "as it was")


def test_errors_that_name_each_other_in_a_circle_cross() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one

    def answer() -> None:
        raise one

    judge, _ = joined(answer)
    with pytest.raises(ValueError, match="one"):
        judge.ask("answer")()


# --- streams, methods, blocks ---


def test_a_generator_is_pulled_thrown_at_and_closed_over_the_wire() -> None:
    heard: list[object] = []

    def source() -> Any:
        try:
            while True:
                try:
                    heard.append((yield len(heard)))
                except OSError:
                    heard.append("thrown")
        finally:
            heard.append("closed")

    def answer(stream: Any) -> list[object]:
        import inspect

        got: list[object] = [
            inspect.isgenerator(stream),
            next(stream),
            stream.send("sent"),
            stream.throw(OSError()),
        ]
        got.append(inspect.getgeneratorstate(stream))
        stream.close()
        return [*got, inspect.getgeneratorstate(stream)]

    judge, _ = joined(answer)
    assert judge.ask("answer")(source()) == [True, 0, 1, 2, "GEN_SUSPENDED", "GEN_CLOSED"]
    assert heard == ["sent", "thrown", "closed"]


def test_what_an_answer_drops_stays_open_at_the_judge() -> None:
    def source() -> Any:
        yield 1
        yield 2

    def answer(stream: Any) -> int:
        return next(stream)

    judge, _ = joined(answer)
    kept = source()
    assert judge.ask("answer")(kept) == 1 and kept.gi_frame is not None


class Cell:
    def __init__(self) -> None:
        self.value = 1

    def double(self, by: int = 2) -> int:
        return self.value * by

    def __enter__(self) -> Cell:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.value = 7 if error is None else 8
        return kind is KeyError


def test_a_method_of_the_hosts_is_called_in_one_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, host = joined(Cell)
    cell = judge.ask("answer")()
    asked: list[str] = []
    monkeypatch.setattr(
        host, "serve", lambda name, *given: (asked.append(name), Host.serve(host, name, *given))[1]
    )
    assert cell.double(by=4) == 4 and asked == ["method"]


def test_a_bound_method_that_goes_back_to_the_host_is_the_method_itself() -> None:
    judge, _ = joined([Cell(), lambda method: method.__self__.value + method()])
    cell, answer = judge.ask("answer")
    assert answer(cell.double) == 3


def test_attributes_are_read_assigned_and_deleted() -> None:
    judge, _ = joined(Cell())
    cell = judge.ask("answer")
    cell.value = [1, 2]
    assert cell.value == [1, 2]
    del cell.value
    with pytest.raises(AttributeError):
        _ = cell.value


def test_a_block_hears_how_it_ended_and_may_swallow() -> None:
    judge, _ = joined(Cell())
    with judge.ask("answer") as cell:
        pass
    assert cell.value == 7
    with cell:
        raise KeyError("swallowed")
    assert cell.value == 8
    error = OSError("not swallowed")
    with pytest.raises(OSError) as raised, cell:
        raise error
    assert raised.value is error


def test_a_true_function_is_decorated_in_the_host_and_hands_on_to_the_judge() -> None:
    def decorate(function: Any) -> Any:
        def wrapper(self: Any) -> Any:
            for value in function(self):
                yield function.__name__, value

        return wrapper

    def numbers(feed: Any) -> Any:
        yield from (1, 2)

    judge, _ = joined(decorate)
    wrapped = judge.ask("answer")(judge.function(numbers, "stream"))
    feed = judge.new_class("Feed", {"stream": wrapped})()
    assert list(feed.stream()) == [("stream", 1), ("stream", 2)]


def test_a_true_function_has_the_parameters_that_the_judge_names() -> None:
    judge, _ = joined(lambda function: str(inspect.signature(function)))
    answer = judge.ask("answer")
    stage = judge.function(
        lambda *given: given, "process", "self, stream, limit=3", generator=False, doc="Keep."
    )
    assert answer(stage) == "(self, stream, limit=3)" and stage.__doc__ == "Keep."
    assert stage("a", "b") == ("a", "b", 3)
    plain = judge.function(lambda *given, **named: (given, named), "call", "*given, **named", generator=False)
    assert plain(1, limit=2) == ((1,), {"limit": 2})


def test_a_property_in_the_host_is_the_judges_word() -> None:
    judge, _ = joined(lambda feed: feed.opened)
    counts = {}
    feed = judge.new_class(
        "Feed", {"opened": judge.ask("property", Callback(lambda thing: counts[thing], "value"))}
    )()
    counts[feed] = 7
    assert judge.ask("answer")(feed) == feed.opened == 7


def test_a_judge_sees_whether_an_object_binds_itself() -> None:
    judge, _ = joined()
    assert callable(judge.function(print, "stream").__get__)
    with pytest.raises(AttributeError):
        judge.new_class("Plain", {})().__get__  # noqa: B018


def test_records_may_stay_in_the_host() -> None:
    rows = [{"day": 1}]
    judge, _ = joined(lambda: iter(rows))
    judge.keep = True
    [record] = judge.ask("answer")()
    assert isinstance(record, Remote) and record["day"] == 1


def test_what_is_released_the_host_forgets() -> None:
    judge, host = joined(object)
    first = judge.mark()
    made = judge.ask("answer")
    made()
    before = len([one for one in host._shown if one is not None])
    judge.release(first)
    assert len([one for one in host._shown if one is not None]) == before - 2


# --- limits: each is reached ---


class Far:
    """The other end of a judge's channel, from which a test sends what it likes."""

    def __init__(self, seconds: float = 5.0) -> None:
        ours, self.socket = socket.socketpair()
        self.judge = Judge(Channel(ours, seconds))

    def send(self, data: bytes) -> None:
        self.socket.sendall(struct.pack(">I", len(data)) + data)

    def over(self, *question: Any) -> Over:
        with pytest.raises(Over) as raised:
            self.judge.ask(*(question or ("answer",)))
        return raised.value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"[1]",
        b'["="]',
        b'["=",1,2]',
        b'"="',
        b'{"=":1}',
        b'["!",1]',
        b'["#",1]',
        b"\xff\xfe",
        b'["=",{"mine":[0]}]',
        b'["=",{"mine":["0","A","",[],[]]}]',
        b'["=",{"mine":[-1,"A","",[],[]]}]',
        b'["=",{"yours":0}]',
        b'["=",{"yours":true}]',
        b'["=",{"bound":[0,"a"]}]',
        b'["=",{"what":1}]',
        b'["=",{}]',
        b'["=",{"a":1,"b":2}]',
        b'["=",{"dict":[[[],1]]}]',
        b'["=",{"dict":[1]}]',
        b'["=",{"int":"z"}]',
        b'["=",{"type":"print"}]',
        b'["=",{"type":"__import__"}]',
        b'["!",{"error":["mine",0,[],[],{}]}]',
        b'["!",{"error":["mine",0,["os:_exit"],[],{}]}]',
        b'["!",{"error":["yours",5,{}]}]',
        b'["!",{"error":3}]',
        b'["?",["call",1]]',
        b'["?",["value",{"yours":0},"a"]]',
        b'["?",[]]',
        b'["?",{"tuple":["call"]}]',
        b'["?",["ask"]]',
        b'["?",["serve","answer"]]',
        b'["=",{"mine":[0,"A","",[],["a",3]]}]',
        b'["=",' + b"[" * 100_000 + b"]" * 100_000 + b"]",
    ],
)
def test_what_is_no_message_ends_the_check_and_not_the_judge(data: bytes) -> None:
    far = Far()
    far.send(data)
    assert far.over().how == wire.NO_MESSAGE


def test_a_wrong_protocol_is_no_greeting() -> None:
    for data in (b'["hello", 2]', b'["hello"]', b'["bye", 1]'):
        far = Far()
        far.send(data)
        with pytest.raises(Over):
            far.judge.greeted(1)


def test_a_message_has_a_size() -> None:
    far = Far()
    far.socket.sendall(struct.pack(">I", wire.FRAME + 1))
    over = far.over()
    assert (over.how, over.what) == (wire.TOO_MUCH, f"a message of {wire.FRAME + 1:,} bytes")


def test_a_value_that_is_too_large_for_a_message_is_an_error_of_its_own() -> None:
    judge, _ = joined(lambda: "a" * wire.FRAME)
    with pytest.raises(MemoryError, match="too large to be sent"):
        judge.ask("answer")()


def test_a_question_has_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "QUESTION", 0.05)
    assert Far().over().how == wire.TOO_LONG


def test_a_check_has_a_time() -> None:
    assert Far(0.05).over().how == wire.TOO_LONG


def test_half_a_message_and_a_reader_that_does_not_read_take_no_longer() -> None:
    far = Far(0.1)
    far.socket.sendall(b"\0\0")
    assert far.over().how == wire.TOO_LONG
    far = Far(0.1)
    assert far.over("answer", "a" * 900_000).how == wire.TOO_LONG


def test_who_is_gone_is_gone_for_good() -> None:
    far = Far()
    far.socket.close()
    assert far.over().how == wire.GONE
    assert far.over().how == wire.GONE


def test_lists_in_lists_have_a_depth() -> None:
    deep: list[object] = []
    for _ in range(wire.DEPTH + 3):
        deep = [deep]
    judge, _ = joined(lambda: deep)
    found = judge.ask("answer")()
    for _ in range(wire.DEPTH):
        [found] = found
    assert isinstance(found, Remote)


def test_a_circle_of_lists_crosses_as_a_number() -> None:
    ring: list[object] = []
    ring.append(ring)
    judge, _ = joined(lambda: ring)
    found = judge.ask("answer")()
    for _ in range(wire.DEPTH):
        [found] = found
    assert isinstance(found, Remote)


def test_questions_in_questions_have_a_depth() -> None:
    def deeper(call: Any, level: int) -> Any:
        return call(level + 1)

    judge, _ = joined(deeper)
    answer = judge.ask("answer")

    def again(level: int) -> Any:
        return answer(Callback(again), level)

    with pytest.raises(RecursionError, match="too many calls in calls"):
        again(0)


def test_objects_have_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "OBJECTS", 50)
    judge, _ = joined(lambda: [object() for _ in range(100)])
    with pytest.raises(Over) as raised:
        judge.ask("answer")()
    assert raised.value.how == wire.TOO_MUCH
    far = Far()
    far.send(json.dumps(["=", [{"mine": [one, "A", "", [], []]} for one in range(51)]]).encode())
    assert far.over().how == wire.TOO_MUCH


def test_questions_have_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "QUESTIONS", 20)

    def floods(call: Any) -> None:
        while True:
            call()

    judge, _ = joined(floods)
    with pytest.raises(Over) as raised:
        judge.ask("answer")(Callback(lambda: None))
    assert raised.value.how == wire.TOO_MUCH


def test_threads_of_an_answer_ask_one_after_the_other() -> None:
    ours, theirs = socket.socketpair()

    def answer(call: Any) -> list[int]:
        got: list[int] = []
        threads = [threading.Thread(target=lambda: got.extend(call() for _ in range(20))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(got)

    host = Host(Channel(theirs), answer)

    def serve() -> None:
        with pytest.raises(Over):
            host.run()

    serving = threading.Thread(target=serve)
    serving.start()
    judge = Judge(Channel(ours, 20))
    count = iter(range(80))
    try:
        assert judge.ask("answer")(Callback(lambda: next(count))) == list(range(80))
    finally:
        ours.close()
        serving.join()


def test_a_plain_value_may_cross_as_a_number() -> None:
    judge, _ = joined()
    judge.other.do_answer = lambda: Kept([1])  # type: ignore[union-attr]
    assert isinstance(judge.ask("answer"), Remote)


def test_dates_keep_their_type() -> None:
    assert type(echoed(datetime.date(2026, 1, 2))) is datetime.date


class Keeper:
    """Opens a file in a folder and keeps it."""

    def open(self, folder: Path) -> None:
        self.file = (folder / "kept.txt").open("w")

    def close(self) -> None:
        self.file.close()


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs a system that lists what a process has open")
@pytest.mark.parametrize("copied", [True, False], ids=["copy", "loopback"])
def test_the_judge_sees_the_files_that_a_host_has_open_and_the_folder_in_which_it_works(copied: bool) -> None:
    if copied and not can_copy():
        pytest.skip("needs a copy of this process")
    seen = []

    def run(judge: Judge) -> None:
        judge.greeted(10)
        keeper = judge.ask("answer")
        with judge.folder() as folder:
            before = judge.files()
            keeper.open(folder)
            within = judge.files()
            keeper.close()
            assert before is not None and within is not None
            seen.append(
                (len(within - before), judge.files() == before, [one.name for one in folder.iterdir()])
            )

    by = trial._by_copy if copied else trial.by_loopback
    assert by(Keeper(), 20.0, run) is None  # type: ignore[arg-type]
    assert seen == [(1, True, ["kept.txt"])]


class Opened:
    """What an answer opens, and what a weak reference tells of it."""


def test_what_is_left_to_an_error_goes_with_it_and_the_error_keeps_its_identity() -> None:
    kept: list[weakref.ref[Any]] = []
    seen: list[bool] = []
    errors: list[BaseException] = []

    def job(opener: Any) -> None:
        first = judge.mark()
        opener()
        errors.append(ValueError("broken"))
        judge.leave_to(errors[0], first, [])
        raise errors[0]

    def opener() -> Opened:
        made = Opened()
        kept.append(weakref.ref(made))
        return made

    def answer(job: Any) -> None:
        try:
            job(opener)
        except ValueError:
            seen.append(kept[-1]() is not None)
        seen.append(kept[-1]() is not None)
        job(opener)

    judge, _ = joined(answer)
    gc.disable()
    try:
        with pytest.raises(ValueError, match="broken") as raised:
            judge.ask("answer")(Callback(job))
    finally:
        gc.enable()
    assert seen == [True, False], "held as long as the error is, and no longer"
    assert raised.value is errors[0]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process uses")
def test_the_memory_of_a_process_is_its_own_pages_without_those_of_its_files(tmp_path: Path) -> None:
    judge, size = Judge(), 8_000_000
    judge.host = os.getpid()
    (tmp_path / "large").write_bytes(b"x" * size)
    with (
        open(tmp_path / "large", "rb") as file,
        mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as read,
    ):
        before = judge.memory() or 0
        assert sum(read[::4096]) > 0
        after = judge.memory() or 0
    assert before > 0 and after - before < size / 2
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as own:
        own.write(b"x" * size)
        assert (judge.memory() or 0) - after > size / 2
