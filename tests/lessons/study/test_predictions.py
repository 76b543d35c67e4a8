"""`predict`: it never blocks, never raises, keeps the first answer, and answers by name."""

from __future__ import annotations

import io
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessons import answer, fold, predict, progress
from lessons.study import predictions
from lessons.study.cards import Card
from lessons.study.journal import Journal
from lessons.study.questions import misconceptions, questions

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def truth_of(id: str) -> list[Card]:
    """Run the answer cell of a question, as the lesson expects it."""
    return predictions.ran(f"# Answers {id}", f"{questions()[id].right.shows}\n")


def wrong_letter(id: str = "leaks-p2") -> str:
    question = questions()[id]
    return next(option.letter for option in question.options if option is not question.right)


class Liar(str):
    """A text that cannot be trusted in anything it says about itself."""

    def strip(self, *given: object) -> str:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = str.__hash__


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


NONSENSE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()), st.builds(Mute), st.builds(Liar, st.text()), st.just(Card),
    st.sampled_from(["leaks-p2", " LEAKS-P2 ", "leaks-p", "C", "c)", "A12 B30 C5", "A" + "9" * 5000]),
)  # fmt: skip


@SAME_FOLDER
@given(NONSENSE, NONSENSE, NONSENSE)
def test_predict_never_raises(id: object, given_answer: object, votes: object) -> None:
    for shown in (predict(id), predict(id, given_answer), predict(id, given_answer, votes=votes), answer(id)):
        assert shown.text and shown.html
    assert progress(id).text


def test_a_question_is_shown_with_its_options_and_how_to_answer() -> None:
    shown = predict("leaks-p2")
    for option in questions()["leaks-p2"].options:
        assert option.text.replace("`", "") in plain(shown)
    assert 'predict("leaks-p2", "A")' in shown.text
    assert "your prediction" not in shown.text


def test_an_unanswered_question_holds_no_answer() -> None:
    for id, question in questions().items():
        truth_of(id)
        for option in question.options:
            assert option.reply not in plain(predict(id))


def test_an_unknown_id_names_the_nearest() -> None:
    assert predict("leak-p2").text == "There is no question 'leak-p2'. Did you mean predict(\"leaks-p2\")?"
    assert f"The ids are: {next(iter(questions()))}, " in predict("nothing like it").text


def test_an_unknown_option_says_which_there_are() -> None:
    assert predict("leaks-p2", "Z").text == (
        'leaks-p2 has no option \'Z\'. Its options are A, B and C: predict("leaks-p2", "A").'
    )
    assert "no option True" in predict("leaks-p2", True).text


def test_no_id_gives_an_example() -> None:
    assert "needs the id of a question in quotes" in predict().text
    assert "it was given 3." in plain(predict(3))


def test_an_answer_is_locked_and_echoed() -> None:
    assert "Your prediction: B (sure)." in predict("leaks-p2", "b").text
    assert "Your prediction: B (sure)." in predict("leaks-p2").text
    assert predict("leaks-p2").text.count("<- your prediction") == 1


def test_the_first_answer_stands_and_later_ones_are_kept_as_again(fresh: Journal) -> None:
    predict("leaks-p2", "B")
    shown = predict("leaks-p2", "A")
    assert "Your prediction: B (sure). Only the first answer counts; A is kept" in shown.text
    standing = fresh.standings()["leaks-p2"]
    believed = [questions()["leaks-p2"].under(letter).key for letter in "BA"]
    assert (standing.first, standing.again, standing.after) == (believed[0], (believed[1],), ())


def test_running_the_same_cell_again_changes_nothing(fresh: Journal) -> None:
    predict("leaks-p2", "B")
    predict("leaks-p2", "B")
    assert fresh.standings()["leaks-p2"].again == ()


def test_an_answer_after_the_answer_cell_ran_is_kept_as_after(fresh: Journal) -> None:
    truth_of("leaks-p2")
    shown = predict("leaks-p2", "C")
    assert "after you had seen the answer" in shown.text
    standing = fresh.standings()["leaks-p2"]
    assert (standing.first, standing.after) == (None, ("right",))


def test_the_lock_outlives_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    predict("leaks-p2", "B")
    monkeypatch.setattr(predictions, "journal", Journal())
    assert "Your prediction: B (sure). Only the first answer counts" in predict("leaks-p2", "C").text


def test_no_reply_before_the_answer_cell_ran() -> None:
    wrong = wrong_letter()
    assert questions()["leaks-p2"].under(wrong).reply not in plain(predict("leaks-p2", wrong))


@pytest.mark.parametrize("id", questions())
def test_every_wrong_option_is_answered_by_name(id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    question = questions()[id]
    for option in question.options:
        predict(id, option.letter)
        (reply,) = truth_of(id)
        assert f"You predicted {option.letter}" in reply.text
        assert option.reply.replace("`", "").replace("*", "") in plain(reply).replace("*", "")
        if option.misconception is not None:
            assert misconceptions()[option.misconception].belief.replace("`", "") in plain(reply)
            assert f"What happens is {question.right.letter}:" in reply.text
        again = predict(id)
        assert reply.text in again.text, "asked again later, the question shows the reply as well"
        monkeypatch.setenv("LIFECYCLE_HOME", f"{predictions.journal.folder.parent}-{option.letter}")


def test_the_reply_comes_after_the_cell_with_the_comment() -> None:
    said = plain(predict("leaks-p2", "A"))
    assert "# Answers leaks-p2" in said, "who has deleted the comment learns why there is no reply"
    assert predictions.ran("print('no comment')", "") == []
    assert (
        len(predictions.ran("x = 1\n#  answers leaks-p2\nprint(x)", questions()["leaks-p2"].right.shows)) == 1
    )
    assert predictions.ran("# Answers nothing-we-know", "") == []
    assert truth_of("leaks-p1") == [], "unanswered: nothing to reply to"


def test_answer_shows_the_right_option_without_a_prediction() -> None:
    right = questions()["leaks-p2"].right
    assert f"What happens is {right.letter}: {right.text}." in plain(answer("leaks-p2"))


def test_a_show_of_hands_says_the_truth_only_after_its_answer_cell() -> None:
    right = questions()["leaks-p2"].right
    truth_of("leaks-p2")
    shown = predict("leaks-p2", votes="A12 B30 C5")
    for said in (shown.text, shown.html):
        assert "appens" not in said and right.reply not in said
    assert "Votes: 47" in shown.text
    (after,) = truth_of("leaks-p2")
    assert f"What happens is {right.letter}: 5 of 47 said so. {right.reply[:20]}" in plain(after)
    again = predict("leaks-p2", votes="A1 B2 C44")
    assert right.reply not in again.text, "a second vote is not told the answer of the first"
    predict("leaks-p2")
    assert truth_of("leaks-p2") == [], "the question was asked again, and there is no vote"


@pytest.mark.parametrize("votes", ["A12, B30, C5", "a=12 b:30 c5", {"A": 12, "B": 30, "C": 5}, "C5 A12 B30"])
def test_votes_may_be_written_in_any_usual_way(votes: object) -> None:
    assert "Votes: 47" in predict("leaks-p2", votes=votes).text


@pytest.mark.parametrize(
    "votes", ["", "A", "A1 A2", "A1 Z2", "12 30", "A-1", "A1.5", 47, ["A"], {"A": -1}, "A1 / A2 / A3", "A1 /"]
)
def test_votes_that_cannot_be_read_give_an_example(votes: object) -> None:
    assert 'such as votes="A12 B17 C22"' in plain(predict("leaks-p2", votes=votes))


def test_a_show_of_no_hands_is_no_error() -> None:
    assert "Votes: 0" in predict("leaks-p2", votes="A0 B0").text


def test_two_votes_are_told_side_by_side() -> None:
    shown = predict("leaks-p2", votes="A12 B30 C5 / A2 B5 C40")
    assert (
        "Votes: 47, then 47." in shown.text and '<td style="text-align:right">5, then 40</td>' in shown.html
    )
    [after] = truth_of("leaks-p2")
    assert ": 5 of 47, then 40 of 47." in plain(after)


def test_in_class_a_question_is_asked_of_the_class_and_its_votes_survive_a_reload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(predictions.CLASS, "1")
    for id in ("leaks-p1", "leaks-p2"):
        assert "write the letter" not in predict(id).text
    ballot = predictions.ballots["leaks-p1"]
    assert ballot.peer and not predictions.ballots["leaks-p2"].peer
    assert truth_of("leaks-p1") == [], "nobody has voted"
    ballot.do("open")
    ballot.count("A", 20)
    assert "First vote: 20." in predict("leaks-p1").text, "a reload runs the question's cell again"
    for said in predict("leaks-p1").text, predict("leaks-p1").html:
        assert "#" * 5 not in said and "width:100%" not in said, "no bars before the last close"
    ballot.do("close")
    assert "First vote: 20. Tell a neighbour" in predict("leaks-p1").text
    [after] = truth_of("leaks-p1")
    assert "0 of 20 said so." in plain(after) and ballot.revealed


def test_a_show_of_hands_is_nobodys_own_prediction(fresh: Journal) -> None:
    predict("leaks-p2", votes="A12 B30 C5")
    assert fresh.standings() == {}


def test_an_unwritable_folder_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("LIFECYCLE_HOME", str(blocked))
    assert "cannot be saved" in predict("leaks-p2", "B").text
    assert "Your prediction: B (sure)." in predict("leaks-p2").text, "it counts until the kernel stops"
    assert "cannot be saved" not in predict("leaks-p1", "B").text
    assert "cannot be saved" in plain(progress())


def test_progress_tells_what_was_predicted_and_what_to_look_at_again() -> None:
    right, wrong = questions()["leaks-p1"].right, wrong_letter("leaks-p2")
    predict("leaks-p1", right.letter)
    predict("leaks-p2", wrong)
    predict("leaks-p3", "A")
    truth_of("leaks-p1")
    truth_of("leaks-p2")
    shown = plain(progress("leaks"))
    asked = [question for question in questions().values() if question.lesson == "leaks"]
    numbers = f"1 of {len(asked)} right, 1 not right, 1 not run yet, {len(asked) - 3} not predicted"
    assert numbers in shown and "To look at again - In leaks-p2 you believed" in shown
    assert "leaks-p3" not in shown, "nothing is told of what was not run yet"


def test_progress_says_where_the_record_is_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "in the folder that LIFECYCLE_HOME names" in plain(progress())
    with monkeypatch.context() as there:
        there.setattr("lessons.browser.here", lambda: True)
        assert "stored in this browser, and nowhere else" in plain(progress())
    monkeypatch.delenv("LIFECYCLE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert str(predictions.journal.folder)[-18:].replace("\\", "/") in plain(progress()).replace("\\", "/")


def test_cards_are_named_groups_and_their_html_is_well_formed() -> None:
    predict("leaks-p2", "B")
    for shown in (predict("leaks-p1"), predict("leaks-p2"), *truth_of("leaks-p2"),
                  predict("leaks-p2", votes="A1"), progress(), predict("<script>", "&")):  # fmt: skip
        assert 'role="group" aria-label="' in shown.html
        assert "<script>" not in shown.html
        Balanced().feed(shown.html)
        assert repr(shown) == str(shown) == shown.text
        assert shown._repr_mimebundle_() == {"text/plain": shown.text, "text/html": shown._repr_html_()}


def test_a_fold_shows_each_part_in_its_own_way() -> None:
    shown = fold("Title & more", "a < b", predict("leaks-p2"))
    assert shown.text == f"Title & more\na < b\n{predict('leaks-p2').text}"
    assert "<summary>Title &amp; more</summary>" in shown.html and "a &lt; b</pre>" in shown.html
    assert predict("leaks-p2").html in shown.html and "<details open" not in shown.html
    Balanced().feed(shown.html)


def test_what_is_shown_is_the_same_every_time() -> None:
    assert predict("leaks-p1") == predict("leaks-p1")


def test_the_reply_appears_under_the_answer_cell_of_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from lessons.study import hook

    shell = InteractiveShell.instance()
    try:
        assert hook.attach() and hook.attach()
        predict("leaks-p2", "A")
        with capture_output() as seen:
            shell.run_cell("# Answers leaks-p2\nprint('0 of 20 slots are taken')\n2 + 3")
        assert (
            seen.stdout.count("You predicted A")
            + sum("You predicted A" in output.data["text/plain"] for output in seen.outputs)
            == 1
        )
        stream = sys.stdout
        for cell, saw in OTHERWISE.items():
            with capture_output() as other:
                shell.run_cell(f"# Answers leaks-p2\n{cell}")
            said = [output.data["text/plain"] for output in other.outputs]
            assert [saw in " ".join(text.replace("`", "").split()) for text in said] == [True], (cell, said)
        assert sys.stdout is stream
        with capture_output() as quiet:
            shell.run_cell("# answers nothing\n4")
        assert not quiet.outputs
    finally:
        InteractiveShell.clear_instance()
        monkeypatch.setattr("sys.stdout", io.StringIO())


OTHERWISE = {
    "print('3 of 20 slots are taken')": "showed 3 of 20 slots are taken, where the lesson expects 0 of",
    "'20 of 20'": "showed '20 of 20', where",
    "pass": "This cell showed nothing, where",
    "1 / 0": "So there is no reply to leaks-p2",
    "print('0 of 20 slots are taken\\n1 of 20 slots are taken')": "So there is no reply to leaks-p2",
}
"""What an answer cell may show if something that ran before it was different, and what is said then."""


def test_where_the_cell_shows_something_else_nothing_is_judged(fresh: Journal) -> None:
    predict("leaks-p2", "A")
    (shown,) = predictions.ran("# Answers leaks-p2", "1 of 20 slots are taken\n")
    assert "If you edited this cell, undo that. Then run this beat again from its first cell." in plain(shown)
    assert "You predicted" not in shown.text and "What happens" not in shown.text
    assert not fresh.standings()["leaks-p2"].revealed, "the question is still open"
    predict("leaks-p2", "C")
    assert fresh.standings()["leaks-p2"].again == ("right",)
    assert predictions.ran("# Answers leaks-p1", "nonsense") == [], "there is nothing to reply to"


def test_a_guess_and_a_reason_are_kept_with_the_answer(fresh: Journal) -> None:
    assert "Your prediction: A (a guess)." in predict("leaks-p2", "A", guess=True).text
    predict("leaks-p2", "A", because="  nobody `closes`\nit ")
    standing = fresh.standings()["leaks-p2"]
    assert (standing.guess, standing.because, standing.again) == (True, "nobody `closes` it", ())
    (reply,) = truth_of("leaks-p2")
    assert "You wrote: because nobody closes it" in plain(reply)
    assert "In leaks-p2 you guessed: “" in plain(progress("leaks"))
    predict("leaks-p1", "B", because="x" * 5000)
    assert fresh.standings()["leaks-p1"].because == "x" * predictions.REASON


def test_an_answer_is_stored_under_the_key_of_its_option(fresh: Journal) -> None:
    for question in questions().values():
        assert len({option.key for option in question.options}) == len(question.options)
        assert [option.key for option in question.options].count("right") == 1
    fresh.add("answer", "leaks-p2", "an option of another edition")
    assert "Your prediction: ? (sure)." in predict("leaks-p2").text
    assert len(truth_of("leaks-p2")) == 1


class Balanced(HTMLParser):
    """Every tag that opens closes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def plain(shown: Card) -> str:
    """The card's text on one line, without marks."""
    return " ".join(shown.text.replace("`", "").split())
