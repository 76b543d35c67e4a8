"""What is asked again: variants whose answers are computed, the days on which they are due, and `again`."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons import again, export, predict, progress, reset
from lessons.study import again as entry
from lessons.study import journal, predictions
from lessons.study import recalls as module
from lessons.study import variants as made
from lessons.study.choice import Recall, Recalls
from lessons.study.journal import Journal, Line
from lessons.study.questions import FIELD_GUIDE, Misconception, misconceptions, questions
from lessons.study.recalls import NOTHING_YET
from lessons.study.retrieval import WAITS, asked_about, due, memories, next_due
from lessons.study.variants import count, has_variants, outcome, variant

ASKED = [id for id in misconceptions() if has_variants(id)]
MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
NEED_A_PROCESS = {"leaks-p8"}
"""Its only belief is about the end of a process, which no kernel survives."""


# Variants


def printed(code: str) -> str:
    """What a program shows where a student runs it, the error by its name at the end."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        try:
            exec(code, {"__name__": "__main__"})
        except Exception as error:
            print("raised", type(error).__name__)
    return shown.getvalue()


def trouble(belief: str, number: int) -> str:
    """What is not right with a variant; "" for a good one."""
    one = variant(belief, number)
    if one is None:
        return "two of its outcomes are the same"
    rest = one.right.text
    for line in printed(one.code).splitlines():
        expected = f"`{line.removeprefix('raised ')}`"
        if not rest.startswith((expected, f"a {expected}", f"an {expected}")):
            return f"it prints {expected}, and the right option is {one.right.text}"
        rest = rest.partition(expected)[2].removeprefix(", then ")
    lines = one.code.splitlines()
    told = {
        "the right option says more than it prints": rest == "",
        "an option is too long": all(len(option.text.split()) <= 12 for option in one.options),
        "one option prints the name of the error that another one raises": not any(
            option.text.endswith(f" {other.text}") and option.text.startswith("a")
            for option in one.options
            for other in one.options
        ),
        "the program is too long": len(lines) <= 20 and max(map(len, lines)) <= 76,
    }
    return next((what for what, holds in told.items() if not holds), "")


def test_what_each_variant_calls_right_is_what_its_program_prints() -> None:
    found = {(belief, number): trouble(belief, number) for belief in ASKED for number in range(count())}
    assert len(found) > 400
    assert {place: what for place, what in found.items() if what} == {}


def test_each_variant_of_a_belief_has_other_numbers_or_names() -> None:
    for belief in ASKED:
        made_of = [variant(belief, number) for number in range(count())]
        assert len({one.code for one in made_of if one}) == count() == 4, belief


def test_every_question_before_the_last_lesson_can_be_asked_again() -> None:
    before = [one for one in questions().values() if one.lesson != "composition"]
    assert {one.id for one in before if not asked_about(one)} == NEED_A_PROCESS
    core = [one for one in misconceptions().values() if one.core and one.lesson != "05_composition"]
    assert all(has_variants(one.id) for one in core)
    assert not [id for id in ASKED if misconceptions()[id].lesson == FIELD_GUIDE]


def test_right_answers_of_variants_are_spread_over_the_letters() -> None:
    letters = [one.right.letter for id in ASKED if (one := variant(id, 0))]
    assert max(letters.count(letter) for letter in "ABC") <= len(letters) * 0.5


def test_an_outcome_names_each_line_and_the_error() -> None:
    program = "print('a', 1)\nprint(2)\nraise OSError"
    assert outcome(program) == "`a 1`, `2`, then an `OSError`"
    assert outcome("pass") == "nothing"


def test_a_program_runs_without_the_collector_and_is_stopped_early_if_it_never_ends() -> None:
    deep = "import gc\ncalls = []\ndef again():\n    calls.append(1)\n    again()\n"
    ended = "try:\n    again()\nexcept RecursionError:\n    print(len(calls) < 200, gc.isenabled())"
    before = sys.getrecursionlimit()
    assert outcome(deep + ended) == "`True False`"
    assert outcome(deep + "again()") == "a `RecursionError`"
    assert gc.isenabled() and sys.getrecursionlimit() == before


def test_whole_words_are_replaced_and_no_parts_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"8": ["6"], "spread": ["depth"], "12.8": ["9.4"]}
    monkeypatch.setattr(made, "replacements", lambda: words)
    program = "spread, settings.spread, spreads, _spread = 8, 8.5, 3.8, 18, 12.8, 112.8, '8'"
    expected = "depth, settings.depth, spreads, _spread = 6, 8.5, 3.8, 18, 9.4, 112.8, '6'"
    assert made.replaced(program, 0) == expected


def test_where_two_outcomes_are_the_same_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Misconception("x", "b", "t", "value = 1", "a = 1\na", "1", "01_leaks", "s", False, "1", "2")
    monkeypatch.setattr(made, "misconceptions", lambda: {"x": entry})
    assert variant("x", 0) is None


# Days


def line(
    event: str, id: str, option: str = "", *, day: float = 0, belief: str = "", guess: bool = False
) -> Line:
    at = (MONDAY + timedelta(days=day)).isoformat()
    return Line(at, event, id, option, belief, "", guess)


def predicted(id: str, key: str = "right", *, day: float = 0) -> list[Line]:
    return [line("answer", id, key, day=day), line("reveal", id, day=day)]


def ids(events: list[Line], day: float) -> list[str]:
    return [one.id for one in due(events, MONDAY + timedelta(days=day))]


def test_after_a_right_answer_the_waits_are_1_3_7_and_21_days_and_then_none() -> None:
    events, day = predicted("leaks-p3"), 0
    for wait in WAITS:
        assert ids(events, day + wait - 1) == [], f"not yet after {wait - 1} days"
        assert ids(events, day + wait) == ["leaks-p3"]
        assert next_due(events, MONDAY + timedelta(day)) == (MONDAY + timedelta(day + wait)).date()
        day += wait
        events.append(line("recall", "leaks-p3", "right", day=day))
    assert ids(events, day + 1000) == [] and next_due(events, MONDAY + timedelta(day)) is None


def test_a_miss_comes_first_and_starts_again_at_one_day() -> None:
    events = predicted("leaks-w1") + predicted("leaks-p3", "leaks-collector-watches", day=0.1)
    assert ids(events, 0.2) == ["leaks-p3"], "a missed prediction is due at once"
    assert ids(events, 2) == ["leaks-p3", "leaks-w1"]
    (one, _) = due(events, MONDAY + timedelta(2))
    assert one.belief == "leaks-collector-watches", "the belief that was missed"
    events.append(line("recall", "leaks-p3", "wrong", day=2, belief="leaks-collector-watches"))
    assert ids(events, 2) == ["leaks-w1"] and ids(events, 3) == ["leaks-p3", "leaks-w1"]
    events.append(line("recall", "leaks-p3", "right", day=3))
    assert ids(events, 3) == ["leaks-w1"] and ids(events, 4) == ["leaks-w1", "leaks-p3"]


def test_a_right_guess_does_not_make_the_wait_longer() -> None:
    events = [*predicted("leaks-p3"), line("recall", "leaks-p3", "right", day=1, guess=True)]
    assert memories(events, UTC)["leaks-p3"].due == (MONDAY + timedelta(2)).date()


def test_only_what_was_predicted_and_run_is_asked_again_and_a_reset_forgets_it() -> None:
    assert memories([line("answer", "leaks-p3", "right")], UTC) == {}
    assert memories([line("reveal", "leaks-p3")], UTC) == {}
    assert memories(predicted("leaks-p8") + predicted("leaks-p9000"), UTC) == {}
    events = [*predicted("leaks-p3"), line("recall", "leaks-p3", "right", day=1), line("reset", "leaks")]
    assert memories(events, UTC) == {}


def test_a_day_ends_at_midnight_where_the_student_is() -> None:
    east = timezone(timedelta(hours=13))
    late = [
        Line("2027-03-01T12:00:00+00:00", *rest)
        for rest in (("answer", "leaks-p3", "right"), ("reveal", "leaks-p3"))
    ]
    assert memories(late, UTC)["leaks-p3"].due == date(2027, 3, 2)
    assert memories(late, east)["leaks-p3"].due == date(2027, 3, 3)


@pytest.mark.parametrize("at", ["yesterday", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00"])
def test_an_event_without_a_usable_day_is_left_out(at: str) -> None:
    assert memories([Line(at, "answer", "leaks-p3", "right"), Line(at, "reveal", "leaks-p3")], UTC) == {}


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["answer", "reveal", "recall", "recall", "reset", "check"]),
        st.sampled_from(["leaks-p3", "leaks-w1", "start-p2", "leaks-p8", "unknown"]),
        st.sampled_from(["right", "wrong"]),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=30,
)


@given(EVENTS, st.integers(0, 60))
def test_whatever_happened_what_is_due_is_in_order_and_was_seen(rows: list[Any], later: int) -> None:
    day, events = 0, []
    for event, id, option, passed, guess in rows:
        day += passed
        id = id.partition("-")[0] if event == "reset" else id
        events.append(line(event, id, option, day=day, belief="leaks-refcount-closes", guess=guess))
    now = MONDAY + timedelta(day + later)
    ready = due(events, now)
    assert ready == due(list(events), now), "the same events give the same questions"
    assert len({one.id for one in ready}) == len(ready)
    missed = [one.step == 0 for one in ready]
    assert missed == sorted(missed, reverse=True), "those missed first"
    for group in (True, False):
        days = [one.due for one in ready if (one.step == 0) is group and one.due]
        assert days == sorted(days)
    for one in memories(events, UTC).values():
        answered = [e for e in events if e.id == one.id and e.event in ("answer", "recall")]
        assert answered and one.belief in asked_about(questions()[one.id])
        last = date.fromisoformat(answered[-1].at[:10])
        assert one.due is None or one.due <= last + timedelta(WAITS[-1]) or one.asked == 0
        assert one in ready or one.due is None or one.due > now.date()
    following = next_due(events, now)
    assert following is None or following > now.date()


@given(st.lists(st.booleans(), max_size=8))
def test_answered_when_due_the_waits_depend_on_the_answers_alone(answers: list[bool]) -> None:
    events, step = predicted("leaks-p3"), 1
    for right in answers:
        (one,) = memories(events, UTC).values()
        if one.due is None:
            assert step == len(WAITS) + 1
            break
        assert one.step == step
        events.append(
            line("recall", "leaks-p3", "right" if right else "wrong", day=(one.due - MONDAY.date()).days)
        )
        step = step + 1 if right else 0


# `again`


@pytest.fixture(autouse=True)
def no_questions_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_open", [])
    monkeypatch.setattr(module, "_days", [])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Come back after so many days."""

    def come(days: float) -> None:
        moment = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setattr(journal, "now", lambda: moment)

    return come


def said(id: object, answer: object, **more: Any) -> str:
    """The reply in one line."""
    return " ".join(again(id, answer, **more).text.split())


def miss(*names: str) -> None:
    """Predict wrongly and see what happens."""
    for id in names:
        question = questions()[id]
        wrong = next(option for option in question.options if option != question.right)
        predict(id, wrong.letter)
        predictions.ran(f"# Answers {id}", question.right.shows)


def answers(fresh: Journal) -> list[tuple[str, str, str, bool]]:
    events = [one for one in fresh.read()[0] if one.event == "recall"]
    return [(one.id, one.option, one.misconception, one.guess) for one in events]


def letter(name: str, *, right: bool) -> str:
    (item,) = [one for one in module.opened() if one.name == name]
    return next(one.letter for one in item.variant.options if (one.key == "right") is right)


def test_without_a_journal_one_sentence_says_what_comes(fresh: Journal) -> None:
    assert " ".join(again().text.split()) == NOTHING_YET
    predict("leaks-p2", "A")
    assert " ".join(again().text.split()) == NOTHING_YET, "its truth was not seen yet"


def test_what_was_missed_comes_first_and_three_at_a_time(
    fresh: Journal, later: Callable[[float], None]
) -> None:
    for id in ("start-w1", "start-r1", "start-p1", "start-p2"):
        predict(id, questions()[id].right.letter)
        predictions.ran(f"# Answers {id}", questions()[id].right.shows)
    assert "Nothing is due today. The next questions are due on" in again().text
    miss("leaks-p3", "leaks-e1")
    later(2)
    again()
    names = [one.name for one in module.opened()]
    assert names == ["leaks-p3-1", "leaks-e1-1", "start-p1-1"]
    shown = again(names[0], letter(names[0], right=True)).text
    assert "(sure), and that is what it prints." in shown
    assert "question leaks-p3 in `01_leaks`" in " ".join(shown.split())
    shown = again(names[1], letter(names[1], right=False), guess=True).text
    assert "(a guess). It prints" in shown and "That was" not in shown
    shown = " ".join(again(names[2], letter(names[2], right=True)).text.split())
    assert "That was three. More are due today: to go on, run the cell with `again()` again." in shown
    assert [row[:2] + row[3:] for row in answers(fresh)] == [
        ("leaks-p3", "right", False), ("leaks-e1", "wrong", True), ("start-p1", "right", False),
    ]  # fmt: skip
    again()
    assert [one.name for one in module.opened()] == ["start-w1-1", "start-r1-1", "start-p2-1"]
    for name in ("start-w1-1", "start-r1-1", "start-p2-1"):
        shown = " ".join(again(name, letter(name, right=True)).text.split())
    assert "That was three, and all for today. The next ones are due on" in shown
    assert "Nothing is due today." in again().text
    later(3)
    assert "leaks-e1-2" in str(again())


def test_a_restarted_kernel_asks_the_same_and_counts_no_answer_twice(
    fresh: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    miss("leaks-p3", "leaks-e1")
    first = again().text
    assert again().text == first, "the cell run twice"
    right = letter("leaks-p3-1", right=True)
    again("leaks-p3-1", right)
    assert "◄" not in again().text and "your answer" in again().text
    again("leaks-p3-1", letter("leaks-p3-1", right=False))
    assert len(answers(fresh)) == 1, "only the first answer counts"
    monkeypatch.setattr(module, "_open", [])
    assert [one.name for one in module.opened()] == ["leaks-e1-1"]
    assert "Open are `leaks-e1-1`." in said("leaks-p3-1", right)
    assert len(answers(fresh)) == 1


def test_wrong_input_is_answered_in_one_sentence(fresh: Journal) -> None:
    assert "No question is open now." in said("leaks-p3-1", "A")
    miss("leaks-p3")
    assert "has no option 'Z'. Its options are A, B and C:" in said("leaks-p3-1", "Z")
    assert "needs the name of an open question. Open are `leaks-p3-1`." in said(1, "B")
    assert again(" leaks-p3-1 ").text == again().text
    assert answers(fresh) == []
    again("leaks-p3-1", " (b) ")
    assert len(answers(fresh)) == 1


def test_what_was_reset_or_answered_elsewhere_is_not_kept(fresh: Journal, tmp_path: Path) -> None:
    miss("leaks-p3", "start-p1")
    again()
    fresh.add("recall", "leaks-p3", "right", "leaks-refcount-closes")
    assert "is not open any more" in said("leaks-p3-1", "A")
    reset("start")
    assert "is not open any more" in said("start-p1-1", "A")
    assert len(answers(fresh)) == 0 + 1
    assert "Nothing is due today." in again().text
    export(str(tmp_path / "mine.jsonl"))
    lines = [json.loads(one) for one in (tmp_path / "mine.jsonl").read_text().splitlines()]
    (kept,) = [one for one in lines if one["event"] == "recall"]
    assert kept["option"] == "right" and kept["misconception"] == "leaks-refcount-closes"
    assert "leaks-p3" in progress("leaks").text


def test_again_never_raises(fresh: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> Any:
        raise RuntimeError

    monkeypatch.setattr(module, "due", broken)
    assert "again could not do that (RuntimeError). Go on with the next cell." in again().text


# The widget


@pytest.fixture
def shown(fresh: Journal, monkeypatch: pytest.MonkeyPatch) -> Recalls:
    monkeypatch.setattr(entry, "widgets_are_shown", lambda: True)
    miss("leaks-p3", "leaks-e1")
    widget = again()
    assert isinstance(widget, Recalls)
    return widget


def test_the_widget_says_what_the_text_says(shown: Recalls, fresh: Journal) -> None:
    bundle = shown._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert bundle["text/plain"] == module.all_asked(module.opened()).text == repr(shown)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    first, second = shown.children
    assert isinstance(first, Recall) and first.question["code"] == first.item.variant.code
    assert first.standing["status"] == "" and first.question["label"] == "Question 1 of 2"
    for content in ({}, {"commit": "A"}, {"commit": ["right"]}, {"guess": True}):
        first._handle_custom_msg(content, [])
    assert answers(fresh) == []
    first._handle_custom_msg({"commit": "believed", "guess": True}, [])
    first._handle_custom_msg({"commit": "right"}, [])
    assert first.standing["marks"] == {"right": "what it prints", "believed": "your answer", "other": ""}
    assert "common belief" in first.standing["status"] and "That was" not in first.standing["status"]
    second._handle_custom_msg({"commit": "right"}, [])
    assert second.standing["marks"]["right"] == "your answer, and what it prints"
    assert "That was two" in second.standing["status"]
    assert [row[:2] for row in answers(fresh)] == [("leaks-p3", "wrong"), ("leaks-e1", "right")]
