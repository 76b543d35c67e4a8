"""The widget of a prediction: what it sends, compared with `predict` as text."""

from __future__ import annotations

from typing import Any

import pytest

from lessons import predict
from lessons.study import choice as module
from lessons.study import predictions
from lessons.study.choice import Choice, choice, refresh
from lessons.study.journal import Journal
from lessons.study.paper import Paper
from lessons.study.questions import questions


@pytest.fixture
def asked(fresh: Journal, monkeypatch: pytest.MonkeyPatch) -> Choice:
    monkeypatch.setattr(module, "_choices", {})
    monkeypatch.setattr("lessons.study.predict.widgets_are_shown", lambda: True)
    shown = predict("leaks-p2")
    assert isinstance(shown, Choice)
    return shown


def test_the_page_has_the_whole_state_before_it_shows_a_card(
    asked: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy page may show a card before it has read any message that comes after the card's first one."""
    first: list[dict[str, Any]] = []
    for kind in (Choice, Paper):
        monkeypatch.setattr(kind, "open", lambda self: first.append(dict(self.standing)))
    made = Choice(questions()["leaks-p2"]), Paper("before")
    assert [set(state) for state in first] == [set(one.standing) for one in made] and all(first)


def send(one: Choice, **content: Any) -> None:
    one._handle_custom_msg(content, [])


def test_each_option_can_be_chosen_as_sure_and_as_a_guess(asked: Choice, fresh: Journal) -> None:
    for guess in (False, True):
        for option in questions()["leaks-p2"].options:
            send(asked, commit=option.key, guess=guess)
            standing = fresh.standings()["leaks-p2"]
            assert (standing.first, standing.guess) == (option.key, guess)
            assert asked.shown.text == predictions.asked("leaks-p2").text
            assert asked.standing["first"] == option.key
            assert f"Your prediction: {option.letter}" in asked.standing["status"]
            fresh.add("reset", "leaks")
            asked.refresh()
            assert asked.standing["status"] == ""


def test_what_is_not_an_option_changes_nothing(asked: Choice, fresh: Journal) -> None:
    for content in ({}, {"commit": None}, {"commit": "A"}, {"commit": ["right"]}, {"guess": True}):
        send(asked, **content)
    assert fresh.standings() == {}


def test_every_message_is_acknowledged(asked: Choice) -> None:
    for _ in range(2):
        before = asked.standing["count"]
        send(asked, commit="right")
        assert asked.standing["count"] > before


def test_a_reason_is_asked_of_the_first_question_of_a_beat_alone(asked: Choice, fresh: Journal) -> None:
    send(asked, commit="right", because="  nothing holds it ")
    assert fresh.standings()["leaks-p2"].because == "nothing holds it"
    other = choice(questions()["leaks-p3"], predictions.asked("leaks-p3"))
    send(other, commit="right", because="unasked")
    assert fresh.standings()["leaks-p3"].because == ""
    assert asked.question["reason"] and not other.question["reason"]


def test_the_explanation_opens_for_who_was_wrong_once_the_truth_was_seen(asked: Choice) -> None:
    for option in questions()["leaks-p2"].options:
        send(asked, commit=option.key)
        assert not asked.standing["wrong"]
        predictions.ran("# Answers leaks-p2", questions()["leaks-p2"].right.shows)
        refresh(["leaks-p2", "leaks-p1", "unknown"])
        assert asked.standing["wrong"] == (option.key != "right")
        predictions.journal.add("reset", "leaks")


def test_a_question_has_one_widget_and_a_stored_notebook_shows_the_card(asked: Choice) -> None:
    assert predict("leaks-p2", "A") is asked
    bundle = asked._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    card = predictions.asked("leaks-p2")
    assert (bundle["text/plain"], bundle["text/html"]) == (card.text, card.html)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert repr(asked) == card.text


def test_a_show_of_hands_is_in_the_card_and_not_below_it(fresh: Journal) -> None:
    question = questions()["leaks-p2"]
    predict("leaks-p2", votes="A12 B30 C5")
    box = Choice(question)
    assert box.standing["vote"]["rounds"] == [{"A": 12, "B": 30, "C": 5}] and box.standing["vote"]["shown"]
    assert box.standing["marks"] == {} and "Votes: 47" in box.standing["status"]
    [reply] = predictions.ran("# Answers leaks-p2", f"{question.right.shows}\n")
    assert "5 of 47 said so." in reply.text and question.prompt not in reply.text
    box.refresh()
    assert list(box.standing["marks"]) == [question.right.key] and box.standing["right"] == question.right.key
    assert box.standing["status"] == ""


def test_a_class_votes_on_the_card(asked: Choice, monkeypatch: pytest.MonkeyPatch, fresh: Journal) -> None:
    monkeypatch.setenv(predictions.CLASS, "1")
    assert predict("leaks-p2") is asked
    at = asked.standing["vote"]["at"]
    for content in (
        {"do": "open", "at": "closed 1"},
        {"do": "explode", "at": at},
        {"letter": "A"},
        {"step": 1},
    ):
        send(asked, **content)
    send(asked, letter="A", step=1)
    assert asked.standing["vote"]["at"] == at == "ready 0", "nothing of this is possible now"
    send(asked, do="open", at=at)
    send(asked, letter="A", step=1)
    send(asked, letter="C", hands=7)
    assert (
        asked.standing["vote"]["rounds"] == [{"A": 1, "B": 0, "C": 7}] and not asked.standing["vote"]["shown"]
    )
    assert asked.standing["status"] == "Votes: 8." and asked.standing["right"] is None
    send(asked, commit="right")
    assert fresh.standings() == {}, "a class's card stores no prediction"
    send(asked, do="close", at="open 1")
    assert asked.standing["vote"]["shown"] and ["correct", "Correct"] in [
        list(one) for one in asked.standing["vote"]["actions"]
    ]
