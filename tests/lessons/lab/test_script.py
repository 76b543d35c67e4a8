"""The runner of a lab's listing: what it sees, what it raises, and that it leaves nothing behind."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import pytest

from lessons.lab.experiments.script import FILE, executed, inside

SOURCE = """\
total = 0
for value in values:
    if value < 0:
        raise ValueError(f"bad {value}")
    total += value
print("over")
"""


def unseen(*_):
    """See nothing."""


class Traced:
    """Keep what a script is seen to do, as (function, event, line)."""

    def __init__(self):
        self.events = []

    def __call__(self, frame, event, argument):
        self.events.append((frame.f_code.co_name, event, frame.f_lineno if inside(frame) else 0))


def test_the_lines_that_were_reached_are_told_and_those_that_were_not_are_not():
    with executed(SOURCE, {"values": [1, 2], "print": unseen}, unseen) as script:
        assert (script.lines, script.room["total"], script.raised) == ((1, 2, 3, 5, 6), 3, None)


def test_an_error_of_the_script_is_kept_with_its_frames_from_the_script_inwards():
    names = {"values": [1, -2], "print": unseen}
    with executed(SOURCE, names, unseen) as script:
        assert (script.lines, repr(script.raised)) == ((1, 2, 3, 4, 5), "ValueError('bad -2')")
        assert [(frame.f_code.co_filename, line) for frame, line in script.frames()] == [(FILE, 4)]
    deeper = "import json\njson.loads('[')"
    with executed(deeper, {}, unseen) as script:
        (frame, line), *rest = script.frames()
        assert (frame.f_code.co_filename, line) == (FILE, 2)
        assert rest and not any(inside(frame) for frame, _ in rest)


def test_an_error_that_is_not_asked_for_propagates_and_the_trace_function_comes_back():
    before = sys.gettrace()
    with pytest.raises(KeyboardInterrupt), executed("raise KeyboardInterrupt", {}, unseen):
        raise AssertionError("the block does not start")
    assert sys.gettrace() is before
    with executed("raise SystemExit(3)", {}, unseen, caught=BaseException) as script:
        assert isinstance(script.raised, SystemExit)
    assert sys.gettrace() is before


def test_a_text_that_is_not_python_is_the_callers_mistake():
    with pytest.raises(SyntaxError), executed("for", {}, unseen):
        raise AssertionError("the block does not start")


def test_with_a_start_only_the_call_is_seen():
    seen = Traced()
    source = "def inner():\n    return 1\n\ndef night():\n    return inner() + len('x')\n"
    with executed(source, {}, seen, start="night") as script:
        assert script.lines == (2, 5)
    assert [event for event in seen.events if event[0] in ("night", "inner")] == [
        ("night", "call", 4), ("night", "line", 5), ("inner", "call", 1), ("inner", "line", 2),
        ("inner", "return", 2), ("night", "return", 5),
    ]  # fmt: skip


def test_of_other_code_only_the_calls_are_seen():
    seen = Traced()
    with executed("import json\njson.loads('[1]')", {}, seen):
        pass
    assert ("loads", "call", 0) in seen.events
    assert {event for name, event, _ in seen.events if name == "loads"} == {"call"}


def test_a_trace_function_that_was_there_before_is_put_back():
    # A thread of its own, so that a coverage tool in this one loses nothing.
    found = []

    def watched():
        mine = lambda *_: None  # noqa: E731
        sys.settrace(mine)
        with executed("x = 1", {}, unseen):
            found.append(sys.gettrace() is mine)
        sys.settrace(None)

    thread = threading.Thread(target=watched)
    thread.start()
    thread.join()
    assert found == [True]


@pytest.mark.parametrize("leaves", ["normally", "by an error"])
def test_nothing_of_a_run_waits_for_the_collector(leaves):
    class Kept:
        pass

    source = (
        "kept = Kept()\nkeep(kept)\n"
        "try:\n    raise OSError('first')\nexcept OSError:\n    raise ValueError('second')\n"
    )
    found = []
    gc.collect()
    gc.disable()
    try:
        try:
            with executed(source, {"Kept": Kept, "keep": lambda one: found.append(weakref.ref(one))}, unseen):
                if leaves == "by an error":
                    raise LookupError
        except LookupError:
            pass
        assert found[0]() is None
    finally:
        gc.enable()


def test_two_scripts_share_no_name():
    with executed("x = 1", {}, unseen) as one, executed("y = 2", {}, unseen) as other:
        assert "y" not in one.room and "x" not in other.room
