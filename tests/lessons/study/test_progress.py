"""Progress: what was right, what passes, what to review; the record exported, a lesson started again."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessons import export, predict, progress, reset, way
from lessons.exercises import exercises
from lessons.study import links, predictions
from lessons.study.cards import Card
from lessons.study.journal import OUTCOMES, Checked, Journal, Line, checks, merged
from lessons.study.questions import LESSONS, Question, misconceptions, questions

COURSE = Path(__file__).resolve().parents[3]


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
    return re.split("What you believed, and|Exercises to go on|Next:", rest)[0] if found else ""


def test_review_names_the_truth_and_the_lesson_to_go_back_to() -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    entry = misconceptions()["leaks-refcount-closes"]
    said = f"In leaks-p3 you believed: “{entry.belief}” {entry.truth} Read 01_leaks again."
    assert plain(said) in review()


def test_each_lesson_has_a_bar_of_predictions_and_one_of_exercises_with_numbers() -> None:
    for place, question in enumerate(one for one in questions().values() if one.lesson == "leaks"):
        predict(question.id, question.right.letter if place < 3 else "A")
        if place < 6:
            truth_of(question.id)
    shown = progress("leaks")
    said = re.search(
        r"predictions  \[([#/.-]{20})\]  (\d) of 11 right, (\d) not right, 5 not run yet", shown.text
    )
    assert said and int(said[2]) + int(said[3]) == 6 and said[1].endswith("-" * 9)
    widths = [float(one) for one in re.findall(r"width:([\d.]+)%", shown.html)]
    assert sum(widths) == pytest.approx(100, abs=0.2)
    assert f"predictions: {said[2]} of 11 right, {said[3]} not right, 5 not run yet<" in shown.html


def test_links_lead_to_the_question_and_the_exercise_wherever_the_notebook_is(
    fresh: Journal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    believing("leaks-p1", "leaks-pool-grows")
    fresh.add("check", "leaks-x2", "wrong")
    for folder in ("notebooks", "exercises/release/leaks"):
        monkeypatch.chdir(COURSE / folder)
        found = re.findall(r'href="([^"#]+)(?:#cell-id=([^"]+))?"', progress().html)
        assert len(found) > 8
        for path, cell in found:
            there = (Path.cwd() / path).resolve()
            assert not cell or f'"id": "{cell}"' in there.read_text("utf-8"), (path, cell)
    monkeypatch.chdir(tmp_path)
    assert "href" not in progress().html and "leaks-x2" in progress().html


def test_each_question_and_each_exercise_has_a_place_to_link_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(COURSE)
    text = {path: path.read_text("utf-8") for path in (COURSE / "notebooks").glob("*.ipynb")}
    text |= {path: path.read_text("utf-8") for path in (COURSE / "exercises/release").rglob("*.ipynb")}
    for id in (*questions(), *exercises()):
        path, _, cell = links.address(id).partition("#cell-id=")
        assert f'"id": "{cell}"' in text[COURSE / path], id


def test_what_was_not_run_yet_is_not_told() -> None:
    predict("leaks-p3", "A")
    assert review() == ""


def test_a_belief_met_twice_stands_once_and_before_the_others() -> None:
    believing("leaks-p1", "leaks-pool-grows")
    believing("leaks-p4", "leaks-held-is-open")
    believing("chains-p8", "leaks-held-is-open")
    shown = review()
    assert shown.index("In leaks-p4 and chains-p8") < shown.index("In leaks-p1")


def test_a_later_question_predicted_right_takes_the_belief_out_of_the_review() -> None:
    believing("leaks-p4", "leaks-held-is-open")
    rightly(questions()["chains-p8"])
    assert review() == ""
    shown = plain(progress("leaks"))
    assert "predict right - In leaks-p4 you believed" in shown and "you were right in chains-p8." in shown
    assert "0 of 11 right, 1 not right, 10 not predicted" in shown, "the first answer counts"


def test_it_says_when_again_asks_and_what_was_answered_there(fresh: Journal) -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    assert "Read 01_leaks again. again() can ask about it today." in review().replace("`", "")
    fresh.add("recall", "leaks-p3", "wrong", "leaks-refcount-closes")
    later = datetime.now().astimezone().date() + timedelta(1)
    assert f"can ask about it on {later.day} {later:%B %Y}." in review()
    fresh.add("recall", "leaks-p3", "right", "leaks-refcount-closes")
    assert review() == "" and "Since then you were right in `again()`." in plain(progress("leaks"))
    fresh.add("recall", "leaks-p3", "wrong", "leaks-refcount-closes")
    assert "In leaks-p3" in review()


def test_an_answer_after_it_was_shown_does_not_take_it_out() -> None:
    believing("leaks-p4", "leaks-held-is-open")
    truth_of("chains-p8")
    predict("chains-p8", questions()["chains-p8"].right.letter)
    assert "In leaks-p4" in review()


def test_next_is_the_first_question_without_an_answer() -> None:
    first, second, *_ = questions().values()
    rightly(first)
    assert f"Next: 00_start_here, question {second.id}." in plain(progress())
    for question in questions().values():
        predict(question.id, "A")
    assert "Next:" not in plain(progress())


def test_exercises_that_pass_are_counted_and_wrong_ones_reviewed(fresh: Journal) -> None:
    fresh.add("check", "leaks-x1", "correct", edition="3")
    fresh.add("check", "leaks-x2", "wrong", "leaks-truthy-is-success", "3")
    shown = plain(progress("leaks"))
    assert "1 of 5 correct, 1 wrong, 3 not checked yet" in shown
    assert "Exercises to go on with - leaks-x2: wrong (check 3)." in shown
    assert plain(misconceptions()["leaks-truthy-is-success"].truth) in review()
    fresh.add("check", "leaks-x2", "correct", edition="4")
    assert review() == "" and "2 of 5 correct, 3 not checked yet" in plain(progress("leaks"))
    fresh.add("check", "leaks-x2", "almost", edition="4")
    assert "leaks-x2: almost (check 4). It was correct before." in plain(progress("leaks"))


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
    assert review() == "" and "leaks-x1: wrong (check 9)." in plain(progress("leaks"))


def test_progress_says_how_to_export_and_to_start_again_once_there_is_a_record() -> None:
    assert "export" not in plain(progress())
    predict("chains-p1", "A")
    shown = plain(progress("chains"))
    assert 'export("my_progress.jsonl")' in shown and 'reset("chains")' in shown


def test_reset_starts_one_lesson_again_and_deletes_nothing(fresh: Journal) -> None:
    believing("leaks-p3", "leaks-refcount-closes")
    rightly(questions()["chains-p1"])
    fresh.add("check", "leaks-x1", "correct")
    (path,) = fresh.folder.glob("*.jsonl")
    before = path.read_bytes()
    assert "01_leaks starts again: 2 of your answers and exercises no longer count." in plain(reset("leaks"))
    assert path.read_bytes().startswith(before)
    assert "0 of 11 right, 11 not predicted" in plain(progress("leaks")) and review() == ""
    assert "0 of 5 correct, 5 not checked yet" in plain(progress("leaks"))
    assert "1 of 16 right" in plain(progress("chains"))
    predict("leaks-p3", "B")
    assert fresh.standings()["leaks-p3"].first == "right", "it may be predicted again"


def test_reset_forgets_a_show_of_hands() -> None:
    predict("leaks-p2", votes="A3 B2 C1")
    predict("chains-p1", votes="A3")
    reset("leaks")
    assert truth_of("leaks-p2") == [] and truth_of("chains-p1") != []


def test_reset_takes_the_notebooks_name_too() -> None:
    assert "01_leaks starts again" in plain(reset("01_leaks"))


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


def test_the_way_shows_a_bar_for_each_lesson_and_where_one_is() -> None:
    predictions.commit("leaks-p1", "right", False, "")
    said, shown = str(way("leaks")), way("leaks").html
    assert "01_leaks  <- you are here" in said and said.count("you are here") == 1
    assert [line for line in said.splitlines() if line[:1].isdigit()] == [
        one + ("  <- you are here" if one == "01_leaks" else "") for one in LESSONS.values()
    ]
    assert "1 not run yet" in said and "0 of 5 correct, 5 not checked yet" in said
    assert shown.count("<tr>") == len(LESSONS) and "01_leaks &#9668; you are here" in shown
    assert "you are here" not in str(way())
    assert str(way("9")).startswith("There is no lesson '9'.")
