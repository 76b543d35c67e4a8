"""An answer that was not begun is missing, not wrong."""

from __future__ import annotations

import pytest
from study.checks.solutions import setup

from lifecycle.study.checks import executed, exercises, stub
from lifecycle.study.checks.blank import is_blank


def dots(number): ...


def passes(number):
    """Double it."""
    pass  # noqa: PIE790


def returns(number):
    return None


def refuses(number):
    raise NotImplementedError


def refuses_in_words(number):
    raise NotImplementedError("later")


def works(number):
    return number * 2


BLANK = [None, ..., NotImplemented, dots, passes, returns, refuses, refuses_in_words]


@pytest.mark.parametrize("answer", BLANK)
def test_nothing_is_blank(answer: object) -> None:
    assert is_blank(answer, exercises()["leaks-x1"])


@pytest.mark.parametrize("answer", [works, lambda number: 0, lambda number: number, 3, "", [], len])
def test_something_is_not(answer: object) -> None:
    assert not is_blank(answer, exercises()["leaks-x1"])


def test_the_stub_is_blank_also_with_other_comments_and_lines() -> None:
    exercise = exercises()["leaks-x1"]
    source = stub("leaks-x1").replace("# TODO", "\n    # I shall do this later: ")
    answer = executed(source, "leaks-x1", setup("leaks-x1"))[exercise.answer]
    assert is_blank(answer, exercise)


def test_the_stub_with_one_change_is_not() -> None:
    exercise = exercises()["leaks-x1"]
    source = stub("leaks-x1").replace("count = 0", "count = 1")
    assert not is_blank(executed(source, "leaks-x1", setup("leaks-x1"))[exercise.answer], exercise)
