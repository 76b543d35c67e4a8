"""Questions and misconceptions: complete, no orphans, and every truth proven."""

from __future__ import annotations

import gc
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files

import pytest

from lifecycle.study.questions import misconceptions, questions

REGISTRY = files("lifecycle.study").joinpath("misconceptions.toml")
PRELUDE = tomllib.loads(REGISTRY.read_text("utf-8"))["prelude"]


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """A proof may switch the collector off."""
    yield
    gc.enable()


@pytest.mark.parametrize("id", misconceptions())
def test_each_truth_is_proven_in_two_lines(id: str) -> None:
    entry = misconceptions()[id]
    first, second = entry.proof.strip().splitlines()
    room: dict[str, object] = {}
    exec(PRELUDE + entry.given, room)
    exec(first, room)
    assert repr(eval(second, room)) == entry.shows


@pytest.mark.parametrize("id", misconceptions())
def test_each_misconception_is_told_in_full(id: str) -> None:
    entry = misconceptions()[id]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", id)
    assert entry.belief.endswith(".") and entry.truth.endswith(".") and entry.source
    assert re.fullmatch(r"\d\d_[a-z_]+", entry.lesson)


@pytest.mark.parametrize("id", questions())
def test_a_question_has_one_right_option_and_every_wrong_one_a_name(id: str) -> None:
    question = questions()[id]
    assert 2 <= len(question.options) <= 6
    assert [option.misconception for option in question.options].count(None) == 1
    assert len({option.shows for option in question.options}) == len(question.options)
    for option in question.options:
        assert option.reply.endswith((".", ".)")), "the reply is a sentence"
        assert option.text[0] in "`0123456789_" or option.text[0].islower() or option.text[:2].isupper()
        assert option.misconception is None or option.misconception in misconceptions()


def test_no_misconception_is_an_orphan() -> None:
    used = {option.misconception for question in questions().values() for option in question.options}
    assert set(misconceptions()) <= used, "each stands behind a wrong option"


def test_wrong_answers_are_answered_without_blame() -> None:
    for question in questions().values():
        for option in question.options:
            for word in ("wrong", "simply", "just ", "obviously", "of course", "mistake"):
                assert word not in option.reply.lower()


@pytest.mark.parametrize("id", [id for id in questions() if re.fullmatch(r"start-r\d", id)])
def test_a_readiness_question_says_what_to_read_again(id: str) -> None:
    for option in questions()[id].options:
        told = re.search(r"Read again: the Python tutorial, “.+”", option.reply)
        assert bool(told) == (option.misconception is not None)


def test_right_answers_are_spread_over_the_letters() -> None:
    letters = [question.right.letter for question in questions().values()]
    assert max(letters.count(letter) for letter in set(letters)) <= len(letters) * 0.6
