"""Progress: what was right, what passes, what to review; the record exported and begun anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessons import export, predict, progress, reset
from lessons.study import predictions
from lessons.study.cards import Card
from lessons.study.journal import OUTCOMES, Checked, Journal, Line, checks, merged
from lessons.study.questions import Question, misconceptions, questions


def plain(shown: object) -> str:
    return " ".join(str(shown).split())


def truth_of(id: str) -> list[Card]:
    """Run the answer cell of a question, as the lesson expects it."""
    return predictions.ran(f"# Answers {id}", f"{questions()[id].right.shows}\n")


def believing(id: str, misconception: str) -> str:
    """Predict what somebody with this belief would, and run the answer."""
    (option,) = [option for option in questions()[id].options if option.misconception == misconception]
    predict(id, option.letter)
    truth_of(id)
    return option.letter


def rightly(question: Question) -> None:
    predict(question.id, question.right.letter)
    truth_of(question.id)


def review() -> str:
    _, found, rest = plain(progress()).partition("To look at again")
    return rest.partition("Next:")[0] if found else ""


def test_review_names_the_truth_and_the_lesson_to_go_back_to() -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    truth = plain(misconceptions()["leaks-refcount-closes"].truth)
    assert f"01_leaks (leaks-p3): {truth}" in review()


def test_what_was_not_run_yet_is_not_told() -> None:
    predict("leaks-p3", "A")
    assert review() == ""


def test_a_belief_met_twice_stands_once_and_before_the_others() -> None:
    believing("leaks-p1", "leaks-pool-grows")
    believing("leaks-p3", "leaks-refcount-closes")
    believing("chains-p6", "leaks-refcount-closes")
    shown = review()
    assert shown.index("(leaks-p3 and chains-p6)") < shown.index("(leaks-p1)")


def test_a_later_question_predicted_right_takes_the_belief_out_of_the_review() -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    rightly(questions()["chains-p6"])
    assert review() == ""
    assert "leaks-p3: predicted A; what happens is B" in plain(progress("leaks")), "the record stands"


def test_an_answer_after_it_was_shown_does_not_take_it_out() -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    truth_of("chains-p6")
    predict("chains-p6", questions()["chains-p6"].right.letter)
    assert "(leaks-p3)" in review()


def test_next_is_the_first_question_without_an_answer() -> None:
    first, second, *_ = questions().values()
    rightly(first)
    assert f"Next: 00_start_here, {second.id}." in plain(progress())
    for question in questions().values():
        predict(question.id, "A")
    assert "Next:" not in plain(progress())


def test_exercises_that_pass_are_counted_and_wrong_ones_reviewed(fresh: Journal) -> None:
    fresh.add("check", "leaks-x1", "correct", edition="3")
    fresh.add("check", "leaks-x2", "wrong", "leaks-truthy-is-success", "3")
    shown = plain(progress("leaks"))
    assert "Exercises that pass: 1 of the 2 that were checked." in shown
    assert "leaks-x1: correct (check 3)" in shown and "leaks-x2: wrong (check 3)" in shown
    assert f"01_leaks (leaks-x2): {plain(misconceptions()['leaks-truthy-is-success'].truth)}" in review()
    fresh.add("check", "leaks-x2", "correct", edition="4")
    assert review() == "" and "leaks-x2: correct (check 4)" in plain(progress("leaks"))
    fresh.add("check", "leaks-x2", "almost", edition="4")
    assert "leaks-x2: almost (check 4); it was correct before" in plain(progress("leaks"))


def test_a_check_is_one_line_with_its_outcome(fresh: Journal) -> None:
    fresh.add("check", "leaks-x2", "wrong", "leaks-truthy-is-success", "3")
    (path,) = fresh.folder.glob("*.jsonl")
    entry = json.loads(path.read_text("ascii"))
    assert {key: value for key, value in entry.items() if key != "at"} == {
        "version": 2, "event": "check", "id": "leaks-x2", "option": "wrong",
        "misconception": "leaks-truthy-is-success", "edition": "3",
    }  # fmt: skip


@pytest.mark.parametrize("option", ["", "B", "passed"])
def test_a_check_with_an_unknown_outcome_is_set_aside(fresh: Journal, option: str) -> None:
    fresh.add("check", "leaks-x1", option)
    assert checks(fresh.read()[0]) == {}
    assert "an unknown event 'check'; set aside." in plain(progress())


def test_a_belief_that_this_edition_does_not_know_is_no_trouble(fresh: Journal) -> None:
    fresh.add("check", "leaks-x1", "wrong", "leaks-of-tomorrow", "9")
    assert review() == "" and "leaks-x1: wrong (check 9)" in plain(progress("leaks"))


def test_progress_says_how_to_export_and_to_begin_anew_once_there_is_a_record() -> None:
    assert "export" not in plain(progress())
    predict("chains-p1", "A")
    shown = plain(progress("chains"))
    assert 'export("my_progress.jsonl")' in shown and 'reset("chains")' in shown


def test_reset_begins_one_lesson_anew_and_deletes_nothing(fresh: Journal) -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    rightly(questions()["chains-p1"])
    fresh.add("check", "leaks-x1", "correct")
    (path,) = fresh.folder.glob("*.jsonl")
    before = path.read_bytes()
    assert "01_leaks begins anew: 2 of your answers and exercises count no more." in plain(reset("leaks"))
    assert path.read_bytes().startswith(before)
    assert plain(progress("leaks")).startswith("leaks: 0 of ") and review() == ""
    assert "Exercises" not in plain(progress("leaks"))
    assert "1 of the 1 that were run came as predicted" in plain(progress("chains"))
    predict("leaks-p3", "B")
    assert fresh.standings()["leaks-p3"].first == "right", "it may be predicted again"


def test_reset_forgets_a_show_of_hands() -> None:
    predict("leaks-p2", votes="A3 B2 C1")
    predict("chains-p1", votes="A3")
    reset("leaks")
    assert truth_of("leaks-p2") == [] and truth_of("chains-p1") != []


def test_reset_takes_the_notebooks_name_too() -> None:
    assert "01_leaks begins anew" in plain(reset("01_leaks"))


@pytest.mark.parametrize("lesson", ["", "Leaks!", 3, ["leaks"]])
def test_reset_and_progress_say_which_lessons_there_are(lesson: object, fresh: Journal) -> None:
    for shown in (reset(lesson), progress(lesson)):
        assert "There is no lesson" in plain(shown) and "start, leaks, descriptors" in plain(shown)
    assert "reset needs a lesson" in plain(reset())
    assert fresh.read() == ([], [])


def test_export_writes_a_journal_that_another_machine_can_read(tmp_path: Path, fresh: Journal) -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    fresh.add("check", "leaks-x1", "correct", edition="3")
    reset("chains")
    path = tmp_path / "mine.jsonl"
    assert "4 events are in" in plain(export(path))
    elsewhere = Journal(tmp_path)
    assert elsewhere.read() == fresh.read() and elsewhere.standings() == fresh.standings()


def test_an_export_in_the_same_folder_changes_nothing(fresh: Journal) -> None:
    predict("leaks-p3", "A"), predict("leaks-p3", "B"), predict("leaks-p3", "A")
    before = fresh.read()
    export(fresh.folder / "copy.jsonl")
    assert fresh.read() == before


def test_export_overwrites_nothing_and_says_what_was_left_out(tmp_path: Path, fresh: Journal) -> None:
    predict("leaks-p3", "A")
    (fresh.folder / "damaged.jsonl").write_text("{")
    path = tmp_path / "mine.jsonl"
    assert "It leaves out what could not be read: progress() names it." in plain(export(str(path)))
    kept = path.read_bytes()
    assert "overwrites nothing" in plain(export(path)) and path.read_bytes() == kept
    assert "cannot be written" in plain(export(tmp_path / "nowhere" / "mine.jsonl"))


@pytest.mark.parametrize("path", [None, "", 3, b"mine.jsonl"])
def test_export_says_what_it_needs(path: object) -> None:
    assert "export needs the name of a new file" in plain(export(path))


events = st.builds(
    Line,
    at=st.just("2026"),
    event=st.sampled_from(["answer", "reveal", "check", "reset"]),
    id=st.sampled_from(["leaks", "leaks-p1", "leaks-x1", "chains-p1", "chains", "unknown-p1"]),
    option=st.sampled_from(["A", *OUTCOMES]),
)


@given(st.lists(events))
def test_a_reset_is_as_if_the_lesson_had_not_begun(before: list[Line]) -> None:
    after = [*before, Line("2027", "reset", "leaks")]
    other = [one for one in before if not one.id.startswith("leaks")]
    assert merged(after) == merged(other) and checks(after) == checks(other)


@given(st.lists(events))
def test_what_passed_stays_noted(before: list[Line]) -> None:
    later = [Line("2027", "check", "leaks-x1", option) for option in ("correct", "wrong")]
    found = checks([*before, *later])
    assert found["leaks-x1"] == Checked("wrong", passed=True)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=5), st.integers(), st.none(), st.binary()))
def test_none_of_them_ever_raises(tmp_path: Path, nonsense: object) -> None:
    path = str(tmp_path / nonsense.replace("/", "")) if isinstance(nonsense, str) else nonsense
    for shown in (progress(nonsense), reset(nonsense), export(path)):
        assert shown.text
