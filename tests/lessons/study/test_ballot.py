"""A class's vote: what the teacher can do when, what the class may see, and what never happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.study.ballot import CLOSED, LONGER, MOST, OPEN, READY, TALK, TALKING, VOTE, Ballot


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def done(ballot: Ballot, *actions: str) -> Ballot:
    for action in actions:
        assert ballot.do(action), (action, ballot.at)
    return ballot


def test_one_vote() -> None:
    ballot = done(Ballot("ABC"), "open")
    ballot.add("B", 1)
    ballot.add("B", 1)
    ballot.add("C", 1)
    ballot.add("C", -1)
    assert ballot.rounds[0].counts == {"A": 0, "B": 2, "C": 0} and not ballot.shown
    done(ballot, "close")
    assert ballot.shown and ballot.rounds[0].total == 2


def test_two_votes_show_nothing_before_the_second_close() -> None:
    ballot = done(Ballot("AB", peer=True), "open")
    ballot.count("A", 12)
    states = []
    for action in ("close", "open", "close"):
        assert not ballot.shown
        states.append(done(ballot, action).at)
    assert states == ["talking 1", "open 2", "closed 2"] and ballot.shown
    assert [one.total for one in ballot.rounds] == [12, 0]


def test_any_question_can_become_the_other_kind_until_its_second_vote() -> None:
    assert done(Ballot("AB"), "twice", "open", "close").state == TALKING
    assert done(Ballot("AB"), "open", "close", "twice").at == "talking 1"
    assert done(Ballot("AB", peer=True), "open", "close", "once").at == "closed 1"
    assert done(Ballot("AB", peer=True), "open", "once", "close").at == "closed 1"
    second = done(Ballot("AB", peer=True), "open", "close", "open")
    assert not second.do("once") and not second.do("twice")


def test_time_only_shows_and_can_be_made_longer() -> None:
    clock = Clock()
    ballot = done(Ballot("AB", peer=True, clock=clock), "open")
    assert ballot.until == clock.now + VOTE
    clock.now += VOTE + 100
    ballot.add("A", 1)
    assert ballot.state == OPEN and ballot.rounds[0].total == 1, "a late vote counts"
    assert done(ballot, "longer").until == clock.now + LONGER, "from now, if the time is over"
    assert done(ballot, "close").until == clock.now + TALK
    assert done(ballot, "longer").until == clock.now + TALK + LONGER
    assert done(ballot, "open", "close").until is None


def test_the_answer_cell_ends_a_vote_and_a_later_vote_hides_the_answer_again() -> None:
    assert not Ballot("AB").reveal(), "without a vote there is nothing to reply to"
    ballot = done(Ballot("AB", peer=True), "open")
    assert ballot.reveal() and ballot.revealed and ballot.state == CLOSED
    for action in ("correct", "twice", "new"):
        again = Ballot.counted("AB", {"A": 1})
        again.reveal()
        assert not done(again, action).revealed


def test_corrected_votes_are_kept_and_a_new_vote_starts_from_nothing() -> None:
    ballot = Ballot.counted("AB", {"A": 3}, {"B": 4})
    assert done(ballot, "correct").at == "open 2" and ballot.rounds[1].counts == {"A": 0, "B": 4}
    assert done(ballot, "close", "new").at == "ready 0"


class Phones:
    """Phones of a class: what they have voted, and what they were told."""

    over = False

    def __init__(self) -> None:
        self.votes: dict[str, int] | None = {}
        self.told: list[object] = []

    def open(self, round: int, fresh: bool) -> None:
        self.told.append((round, fresh))

    def counts(self) -> dict[str, int] | None:
        return self.votes

    def close(self) -> dict[str, int] | None:
        self.told.append("close")
        return self.votes

    def reveal(self) -> None:
        self.told.append("reveal")


def test_phones_are_added_to_raised_hands_to_the_last_vote() -> None:
    phones = Phones()
    ballot = done(Ballot("AB", peer=True, phones=phones), "open")
    ballot.count("A", 2)
    phones.votes = {"A": 1, "B": 5, "Z": 9}
    assert ballot.poll() and not ballot.poll()
    assert ballot.rounds[0].counts == {"A": 3, "B": 5}
    phones.votes = {"A": 1, "B": 6}
    done(ballot, "close")
    phones.votes = {"A": 50}
    assert not ballot.poll() and ballot.rounds[0].total == 9, "a closed vote does not change"
    phones.votes = None
    done(ballot, "open").poll()
    assert ballot.rounds[1].total == 0, "a page that does not answer has not said zero"
    phones.votes = {"B": 7}
    assert ballot.reveal() and ballot.rounds[1].counts == {"A": 0, "B": 7}
    assert phones.told == [(1, True), "close", (2, True), "close", "reveal"]
    done(ballot, "correct", "close", "new", "open")
    assert phones.told[5:] == [(2, False), "close", (1, True)]


def test_another_question_on_the_phones_closes_the_vote_and_still_shows_nothing_too_early() -> None:
    for peer, then in ((False, CLOSED), (True, TALKING)):
        phones = Phones()
        ballot = done(Ballot("AB", peer=peer, phones=phones), "open")
        phones.votes, phones.over = {"A": 3}, True
        assert ballot.poll() and not ballot.poll()
        assert (ballot.state, ballot.rounds[0].total) == (then, 3)


def test_one_click_is_obeyed_once() -> None:
    ballot = Ballot("AB", peer=True)
    assert ballot.do("open", "ready 0") and not ballot.do("open", "ready 0")
    assert ballot.do("close", "open 1") and not ballot.do("close", "open 1")
    assert not ballot.do("explode") and ballot.at == "talking 1"


ACTS = st.one_of(
    st.tuples(
        st.sampled_from(["open", "close", "longer", "once", "twice", "correct", "new", "reveal", "poll"])
    ),
    st.tuples(st.just("add"), st.sampled_from("ABZ"), st.sampled_from([-1, 1])),
    st.tuples(st.just("count"), st.sampled_from("ABZ"), st.integers(-5, 2 * MOST)),
    st.tuples(
        st.just("votes"), st.none() | st.dictionaries(st.sampled_from("ABZ"), st.integers(-5, 2 * MOST))
    ),
)


@given(st.booleans(), st.lists(ACTS, max_size=30))
def test_whatever_is_done_the_ballot_keeps_its_promises(peer: bool, acts: list[tuple[object, ...]]) -> None:
    phones = Phones()
    ballot = Ballot("AB", peer, phones=phones)
    for name, *given_ in acts:
        before = [one.counts for one in ballot.rounds]
        was, state = ballot.revealed, ballot.state
        if name == "votes":
            phones.votes = given_[0]  # type: ignore[assignment]
        elif name in ("add", "count", "poll", "reveal"):
            getattr(ballot, str(name))(*given_)
        else:
            allowed = name in ballot.actions()
            assert ballot.do(str(name)) is allowed
            assert not ballot.revealed or (was and (not allowed)), "only the answer cell reveals"
        after = [one.counts for one in ballot.rounds]
        assert len(after) <= 2 and (len(after) < 2 or ballot.peer)
        assert all(0 <= count <= 2 * MOST for counts in after for count in counts.values())
        assert state == OPEN or name == "new" or after[: len(before)] == before, "only an open vote changes"
        assert ballot.shown == (ballot.state == CLOSED) and (not ballot.revealed or ballot.shown)
        assert (ballot.until is None) == (ballot.state in (READY, CLOSED))
        assert ballot.actions()[0] in ("open", "close", "correct")


@pytest.mark.parametrize("rounds", [[{"A": 3}], [{"A": 3}, {"B": 2}]])
def test_counted_votes_are_closed(rounds: list[dict[str, int]]) -> None:
    ballot = Ballot.counted("AB", *rounds)
    assert ballot.shown and [one.counts for one in ballot.rounds] == [
        {"A": 0, "B": 0} | one for one in rounds
    ]
