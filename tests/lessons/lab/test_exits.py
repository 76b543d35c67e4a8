"""ExitLab's experiment against the same block written by hand, and the widget against the experiment."""

import itertools
import sys
from html import escape

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessons import ExitLab
from lessons.lab.base import drive, values
from lessons.lab.experiments.exits import ANSWERS, BODIES, OPENINGS, ExitSettings, exits, listing
from lessons.lab.widgets.exits import page

EVERY = [ExitSettings(*choice) for choice in itertools.product(BODIES, ANSWERS, OPENINGS)]

RAISES = {
    "ValueError": ValueError("bad reading"),
    "OSError": OSError("connection lost"),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "SystemExit": SystemExit(3),
    "GeneratorExit": GeneratorExit(),
}
RETURNS = {"return False": False, "return None": None, "return True": True, 'return "handled"': "handled"}


class ByHand:
    """The same manager without the listing: what is told is compared with what the experiment saw."""

    def __init__(self, chosen):
        self.chosen, self.received, self.events = chosen, (), []

    def __enter__(self):
        self.events.append("opened")
        if self.chosen.opening == "raise ConnectionError":
            raise ConnectionError("no answer")
        return self if self.chosen.opening == "return self" else None

    def __exit__(self, kind, error, trace):
        self.events.append("closed")
        self.received = (kind, error, trace)
        if self.chosen.answer == "raise RuntimeError":
            raise RuntimeError("close failed")
        if self.chosen.answer == "raise error" and error is not None:
            raise error
        return RETURNS.get(self.chosen.answer)

    def run(self):
        with self:
            self.events.append("the body starts")
            if self.chosen.body == "return":
                return
            if self.chosen.body in RAISES:
                raise type(RAISES[self.chosen.body])(*RAISES[self.chosen.body].args)
            self.events.append("the body ends")
        self.events.append("the block is over")


@pytest.mark.parametrize("chosen", EVERY, ids=lambda one: "-".join((one.body, one.answer, one.opening)))
def test_what_is_shown_is_what_happens_by_hand(chosen):
    hand, arrived = ByHand(chosen), None
    try:
        hand.run()
    except BaseException as error:
        arrived = error
    seen = exits(chosen)
    assert seen.arrived == ("" if arrived is None else repr(arrived))
    context = arrived.__context__ if arrived is not None else None
    assert seen.context == ("" if context is None else repr(context))
    assert seen.events[:-1] == tuple(hand.events)
    if not hand.received:
        assert seen.received == ()
    else:
        kind, error, _ = hand.received
        assert seen.received[:2] == ("None" if kind is None else kind.__name__, repr(error))
    assert seen.after == ("the block is over" in hand.events)
    assert seen.swallowed == (chosen.body in RAISES and arrived is None)


@pytest.mark.parametrize("chosen", EVERY, ids=lambda one: "-".join((one.body, one.answer, one.opening)))
def test_lines_that_ran_are_lines_of_the_listing(chosen):
    seen, lines = exits(chosen), listing(chosen).splitlines()
    assert seen.source == listing(chosen)
    noted = {number for number in seen.ran if lines[number - 1].strip().startswith("note(")}
    told = {lines[number - 1].split('"')[1] for number in noted}
    assert told == set(seen.events[:-1])
    assert all("raise " in lines[number - 1] for number in seen.broke)
    assert set(seen.broke) <= set(seen.ran)
    assert bool(seen.broke) == bool(seen.arrived or seen.swallowed)


@pytest.mark.parametrize("chosen", EVERY, ids=lambda one: "-".join((one.body, one.answer, one.opening)))
def test_text_is_the_same_at_every_run_and_names_no_address(chosen):
    assert exits(chosen).text() == exits(chosen).text()
    assert " at 0x" not in exits(chosen).text()
    assert exits(chosen).sentence in exits(chosen).text()


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            ExitSettings(),
            "__exit__ received the ValueError and returned False: the ValueError arrives outside, "
            "and the line after the block does not run.",
        ),
        (
            ExitSettings("ValueError", 'return "handled"'),
            "__exit__ received the ValueError and returned 'handled', which counts as true: the ValueError "
            "is swallowed, and the line after the block runs as if nothing had happened.",
        ),
        (
            ExitSettings("OSError", "raise RuntimeError"),
            "__exit__ received the OSError and raised RuntimeError: the RuntimeError arrives outside, and "
            "the OSError is left in its __context__. An except OSError outside misses it.",
        ),
        (
            ExitSettings("nothing", "return False", "raise ConnectionError"),
            "__enter__ raised ConnectionError: the body never ran and __exit__ was never called. "
            "Everything that __enter__ had opened by then stays open.",
        ),
        (
            ExitSettings("return", "return True", "return None"),
            "The body was left by return, and __exit__ still ran: it received None three times. Nothing "
            "arrives outside. Its True has nothing to swallow. The line after the block does not run: return "
            "leaves the function. The name station is what __enter__ returned: None, and not the Station.",
        ),
    ],
)
def test_sentences(chosen, sentence):
    assert exits(chosen).sentence == sentence


def test_raising_the_error_again_only_leads_the_traceback_through_exit():
    plain, again = exits(ExitSettings()), exits(ExitSettings(answer="raise error"))
    assert plain.trace == ("line 13, in night",)
    assert again.trace == ("line 11, in night", "line 8, in __exit__", "line 13, in night")
    assert again.arrived == plain.arrived


def test_an_unknown_choice_names_the_known_ones():
    with pytest.raises(ValueError, match="body='KeyError' is not one of nothing, return"):
        ExitSettings("KeyError")


def test_the_trace_function_is_as_before():
    before = sys.gettrace()
    exits(ExitSettings("SystemExit"))
    assert sys.gettrace() is before


@pytest.fixture
def lab():
    before = set(ipywidgets.widgets.widget._instances)
    lab = ExitLab()
    yield lab
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def agree(lab):
    """The view shows what the plain function answers, and nothing else."""
    outcome = exits(lab.settings)
    assert lab.outcome == outcome
    assert lab.sentence == outcome.sentence
    assert lab.voice.twin == outcome.text()
    assert lab.shown.value == page(outcome)
    assert escape(outcome.arrived or "nothing") in lab.shown.value
    assert lab.errors == []


def test_it_opens_with_few_controls_and_the_lectures_answer(lab):
    assert [name for name in lab.controls if lab.controls[name] in lab._few] == ["body", "answer"]
    assert lab.settings == ExitSettings("ValueError", "return False", "return self")
    agree(lab)


def test_every_control_through_all_its_values(lab):
    for name in ("body", "answer", "opening"):
        for value in values(lab.controls[name]):
            drive(lab, name, value)
            assert getattr(lab.settings, name) == value
            agree(lab)
        drive(lab, name, getattr(ExitSettings(), name))


def test_every_combination_is_shown(lab):
    for chosen in EVERY:
        for name in ("body", "answer", "opening"):
            drive(lab, name, getattr(chosen, name))
        assert lab.settings == chosen
        agree(lab)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("body"), st.sampled_from([*BODIES])),
            st.tuples(st.just("answer"), st.sampled_from([*ANSWERS])),
            st.tuples(st.just("opening"), st.sampled_from([*OPENINGS])),
            st.tuples(st.just("more"), st.booleans()),
        ),
        max_size=12,
    )
)
def test_any_sequence_of_actions_ends_in_what_the_plain_function_says(actions):
    before = set(ipywidgets.widgets.widget._instances)
    lab = ExitLab()
    for name, value in actions:
        drive(lab, name, value)
    agree(lab)
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def test_a_swallowed_or_replaced_error_is_marked_and_an_arriving_one_is_not(lab):
    marks = {}
    for answer in ANSWERS:
        drive(lab, "answer", answer)
        marks[answer] = lab.voice.mark
    assert marks == {
        "return False": "",
        "return None": "",
        "return True": "fail",
        'return "handled"': "fail",
        "raise RuntimeError": "fail",
        "raise error": "",
    }
