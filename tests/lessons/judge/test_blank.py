"""An answer that was not begun is missing, not wrong."""

from __future__ import annotations

import pytest
from solutions import setup

from lessons.exercises import executed, exercises, stub
from lessons.judge import blank
from lessons.judge.blank import _content


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


def is_blank(answer: object) -> bool:
    exercise = exercises()["leaks-x1"]
    return blank.is_blank(answer, exercise.id, exercise.answer, stub(exercise.id))


BLANK = [None, ..., NotImplemented, dots, passes, returns, refuses, refuses_in_words]


@pytest.mark.parametrize("answer", BLANK)
def test_nothing_is_blank(answer: object) -> None:
    assert is_blank(answer)


@pytest.mark.parametrize("answer", [works, lambda number: 0, lambda number: number, 3, "", [], len])
def test_something_is_not(answer: object) -> None:
    assert not is_blank(answer)


def test_the_stub_is_blank_also_with_other_comments_and_lines() -> None:
    exercise = exercises()["leaks-x1"]
    source = stub("leaks-x1").replace("# TODO", "\n    # I shall do this later: ")
    answer = executed(source, "leaks-x1", setup("leaks-x1"))[exercise.answer]
    assert is_blank(answer)


def test_the_stub_with_one_change_is_not() -> None:
    exercise = exercises()["leaks-x1"]
    source = stub("leaks-x1").replace("count = 0", "count = 1")
    assert not is_blank(executed(source, "leaks-x1", setup("leaks-x1"))[exercise.answer])


class Field:
    def __set__(self, instance, value):
        self.value = value


Field.__module__ = "__main__"  # as a class of a notebook's cell has it


def test_a_class_is_begun_when_the_class_of_its_field_is() -> None:
    class Mended:
        def __set__(self, instance, value):
            instance.__dict__["value"] = value

    Mended.__qualname__, Mended.__module__ = "Field", "__main__"
    given, again, mended = (type("Settings", (), {"spread": field()}) for field in (Field, Field, Mended))
    assert _content(given) == _content(again)
    assert _content(given) != _content(mended)


def test_looking_whether_an_answer_is_blank_leaves_the_courses_variant() -> None:
    from lessons.exercises import variant

    setup("leaks-x1", "autumn-3f9a")
    is_blank(works)
    assert variant.chosen().name == "autumn-3f9a"
    setup("leaks-x1", "kit")
