"""The line from a kernel to the vote page, on a real page that listens on this machine."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from votephones import Phone, phones

from lessons.desk.votes import start
from lessons.study import phones as module
from lessons.study.questions import questions

NONE = {"A": 0, "B": 0, "C": 0, "D": 0}


@pytest.fixture(scope="module")
def page() -> Iterator[module.Line]:
    with start.page("127.0.0.1", None, 2) as line:
        yield line


@pytest.fixture
def line(page: module.Line) -> module.Line:
    """A line of a kernel that has just started, and no question open."""
    found = module.line()
    assert found is not None and found.address == page.address
    found.end()
    return found


def test_without_votes_there_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(module.PLACE, raising=False)
    assert module.line() is None
    monkeypatch.setenv(module.PLACE, "[]")
    assert module.line() is None


def test_a_vote_is_counted_for_its_letter_and_can_be_changed(line: module.Line) -> None:
    line.open("leaks-p1")
    assert line.counts() == NONE
    first, second = phones(line, 2)
    assert first.vote("A").said == "Sent: you voted A. You can change it until the vote is closed."
    second.vote("D")
    assert line.counts() == NONE | {"A": 1, "D": 1}
    first.vote("B")
    second.vote("D")
    assert line.counts() == NONE | {"B": 1, "D": 1}


def test_after_close_no_vote_counts_until_the_same_round_is_opened_again(line: module.Line) -> None:
    line.open("leaks-p1")
    phone, late = phones(line, 2)
    phone.vote("A")
    assert line.close() == NONE | {"A": 1}
    refused = late.vote("B")
    assert (refused.status, refused.said) == (409, "The vote is closed, so yours was not counted.")
    line.open("leaks-p1")
    late.vote("B")
    assert line.counts() == NONE | {"A": 1, "B": 1}
    line.open("leaks-p1", fresh=True)
    assert line.counts() == NONE


def test_each_round_has_votes_of_its_own(line: module.Line) -> None:
    line.open("leaks-p1")
    (phone,) = phones(line, 1)
    phone.vote("A")
    line.open("leaks-p1", round=2)
    late = phone.vote("A", "leaks-p1.1")
    assert late.status == 409 and "another question or round" in late.said
    phone.vote("C", "leaks-p1.2")
    assert line.counts() == NONE | {"C": 1}


def test_the_reply_comes_only_after_reveal_and_is_for_the_voters_own_option(line: module.Line) -> None:
    question = questions()["leaks-p1"]
    line.open("leaks-p1")
    right, wrong, silent = phones(line, 3)
    right.vote(question.right.letter)
    wrong.vote("A")
    silent.look()
    replies = [option.reply for option in question.options]
    line.close()
    assert not any(reply in phone.look().text for phone in (right, wrong, silent) for reply in replies)
    line.reveal()
    assert right.look().said.startswith("You voted D. That is what happens. Each crash left one")
    assert "Behind it is a common belief:" in wrong.look().said and "What happens is D:" in wrong.look().said
    assert silent.look().said.startswith("You did not vote. What happens is D: ")


def test_another_kernels_question_is_not_counted_as_ones_own(line: module.Line) -> None:
    line.open("leaks-p1")
    other = module.line()
    assert other is not None
    other.open("leaks-p2")
    (phone,) = phones(line, 1)
    phone.vote("A", "leaks-p2.1")
    assert line.counts() == NONE and line.over
    third = module.line()
    assert third is not None
    third.open("leaks-p3")
    with pytest.raises(module.Unreachable, match="another question is open"):
        line.counts()
    with pytest.raises(module.Unreachable, match="No question was opened"):
        module.Line(line.address, None, line.control, line.key).counts()


def test_the_last_votes_before_another_question_count_and_one_can_return_to_the_first(
    line: module.Line,
) -> None:
    line.open("leaks-p1")
    (phone,) = phones(line, 1)
    phone.vote("C")
    other = module.line()
    assert other is not None
    other.open("leaks-p2")
    assert line.close() == NONE | {"C": 1} and line.over
    line.open("leaks-p1")
    assert line.counts() == NONE | {"C": 1} and not line.over
    assert phone.look().said.startswith("Sent: you voted C.")


def test_a_page_that_died_is_back_at_its_address_with_its_votes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while the vote is open, then after its close; more voters than one message brings back."""
    monkeypatch.setattr(module, "PART", 2)
    monkeypatch.setenv(module.PLACE, "")  # afterwards it is again that of the other page
    with start.page("127.0.0.1", None, None) as line:
        line.open("leaks-p1")
        voters = phones(line, 5)
        for voter, letter in zip(voters, "AABDD", strict=True):
            voter.vote(letter)
        votes = NONE | {"A": 2, "B": 1, "D": 2}
        assert line.counts() == votes and not line.restored
        killed(line)
        assert line.counts() == votes and line.restored
        assert voters[0].look().said.startswith("Sent: you voted A."), "its cookie is still good"
        voters[0].vote("B")
        assert line.close() == NONE | {"A": 1, "B": 2, "D": 2}
        killed(line)
        line.reveal()
        assert voters[0].look().said.startswith("You voted B.")
        killed(line)
        line.open("leaks-p2")
        assert not line.restored and sum(line.counts().values()) == 0


def killed(line: module.Line) -> None:
    """End the page's process, and wait until another one is there."""
    children = psutil.Process().children()
    (page,) = [one for one in children if line.address in told(one)]
    page.kill()
    page.wait()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            phones(line, 1)[0].look()
            return
        time.sleep(0.05)
    raise AssertionError("the page was not started again")


def told(process: psutil.Process) -> set[str]:
    """The addresses at which a process listens."""
    with contextlib.suppress(psutil.Error):
        listening = [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
        return {f"http://{one.laddr.ip}:{one.laddr.port}/" for one in listening}
    return set()


def test_a_page_that_has_ended_or_is_silent_is_one_sentence(tmp_path: Path) -> None:
    gone = module.Line("http://a/", None, str(tmp_path / "gone"), "key")
    with pytest.raises(module.Unreachable, match="started again at the same address"):
        gone.open("leaks-p1")


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]\n", b"{\n", b"cos\nsystem\n(S'id'\ntR.\n", b'{"counts": {"A": 1}}\n', b'{"counts": 7}\n']
    + [json.dumps({"counts": NONE | {"A": bad}}).encode() + b"\n" for bad in (-1, 1.5, "1", None, True)]
    + [json.dumps({"counts": NONE | {"E": 1}}).encode() + b"\n", b"7" * 70_000],
)
def test_what_the_page_answers_is_only_believed_if_it_is_counts(tmp_path: Path, answer: bytes) -> None:
    """A page that was taken over can send what it likes to the kernel."""
    line = module.Line("http://a/", None, str(tmp_path / "control"), "key", ("leaks-p1", 1))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(line.control))
        listening.listen()

        def hostile() -> None:
            caller, _ = listening.accept()
            with caller, caller.makefile("rb") as asked:
                asked.readline()
                caller.sendall(answer)

        thread = threading.Thread(target=hostile)
        thread.start()
        with pytest.raises(module.Unreachable, match="." if answer else "started again at the same address"):
            line.counts()
        thread.join()


def test_a_wrong_key_is_refused(line: module.Line) -> None:
    with pytest.raises(module.Unreachable, match="the key is wrong"):
        module.Line(line.address, None, line.control, "x").open("leaks-p1")


def test_more_votes_than_the_class_has_people_are_named(line: module.Line) -> None:
    assert line.surplus(2) == ""
    assert line.surplus(3).startswith("3 votes by phone in a class of 2.")


def test_the_qr_code_is_a_picture_of_the_address(line: module.Line) -> None:
    drawn = line.qr()
    assert drawn.startswith("<svg") and f"<title>{line.address}</title>" in drawn


@pytest.mark.parametrize("id", list(questions()))
def test_each_question_fits_into_one_message(line: module.Line, id: str) -> None:
    line.open(id)
    assert set(line.counts()) == set(questions()[id].letters)
    line.reveal()
    assert Phone(line.address).look().status == 200


def test_the_code_of_a_question_is_what_is_on_its_slide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3] / "notebooks")
    assert module.code(questions()["leaks-p1"]).startswith('READINGS = ["12.8"')
    assert "def nightly(engine):" in module.code(questions()["leaks-p1"])
    assert module.code(questions()["leaks-e1"]) == ""


def test_outside_the_course_a_question_has_no_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert module.code(questions()["leaks-p1"]) == ""
