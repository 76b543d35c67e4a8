"""Tests for the words in which a sentence says counts and lists."""

from __future__ import annotations

import pytest

from lessons.words import agreeing, described, listed, many, numbers


@pytest.mark.parametrize(
    ("items", "told"),
    [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_a_list_is_read_aloud_whatever_its_length(items, told):
    assert listed(items) == told
    assert listed(iter(items), "or") == told.replace(" and ", " or ")


def test_a_count_and_its_noun_and_verb_agree():
    assert [many(number, "file") for number in (0, 1, 2, 11)] == ["0 files", "1 file", "2 files", "11 files"]
    assert many(2, "entry", "entries") == "2 entries"
    assert [agreeing(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], ""),
        ([7], "7"),
        ([1, 2], "1 and 2"),
        ([3, 1, 2, 3], "1 to 3"),
        ([1, 2, 3, 5, 8, 9, 10], "1 to 3, 5 and 8 to 10"),
        (range(1, 24), "1 to 23"),
    ],
)
def test_numbers_are_told_in_order_once_and_in_ranges(values, told):
    assert numbers(values) == told


def test_a_value_is_described_even_if_its_repr_raises_or_does_not_end():
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    endless = []
    endless.append(endless)
    assert "Broken" in described(Broken())
    assert described(endless) == "[[[[[[[...]]]]]]]"
    assert len(described("x" * 1000)) == 40
    assert not set("`\n") & set(described("`a`\nb"))
