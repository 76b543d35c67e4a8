"""RetryLab's experiment against the stream pulled by hand, and the widget against the experiment."""

import itertools
import random
from dataclasses import replace
from html import escape

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessons.lab.base import drive, values
from lessons.lab.experiments.attempts import (
    ATTEMPTS,
    DELAYS,
    ERRORS,
    RECORDS,
    REOPENED,
    RETRIED,
    WAYS,
    RetrySettings,
    listing,
    retry,
)
from lessons.lab.timeline import timeline
from lessons.lab.widgets.attempts import NEVER, RetryLab, page
from lifecycle.retry import retryOnFailure

anything = st.builds(
    RetrySettings,
    records=st.integers(1, RECORDS),
    failures=st.lists(st.none() | st.integers(0, RECORDS), max_size=ATTEMPTS),
    attempts=st.integers(1, ATTEMPTS),
    delay=st.sampled_from(DELAYS),
    way=st.sampled_from([*WAYS]),
    error=st.sampled_from([*ERRORS]),
    retried=st.sampled_from([*RETRIED]),
    reopened=st.sampled_from([*REOPENED]),
)


def by_hand(chosen):
    """The same failing source, retried without the experiment around it: what came, what was raised, naps."""
    naps, opened = [], itertools.count(1)

    def stream():
        attempt = next(opened)
        breaks = chosen.breaks(attempt)
        last = min(2, chosen.records) if chosen.reopened == "short" and attempt > 1 else chosen.records
        for record in range(1, last + 1):
            if record - 1 == breaks:
                break
            yield record
        if breaks is not None and breaks <= last:
            raise ERRORS[chosen.error]("cut")

    came, raised = [], ""
    try:
        if chosen.way == "counted":
            pulled = retryOnFailure(chosen.attempts, chosen.delay, sleep=naps.append)(stream)()
        elif chosen.way == "call":
            pulled = stream()
        else:
            pulled = restarted(stream, chosen, naps)
        for record in pulled:
            came.append(record)
    except Exception as error:
        raised = type(error).__name__
    return tuple(came), raised, tuple(naps)


def restarted(stream, chosen, naps):
    for left in reversed(range(chosen.attempts)):
        try:
            yield from stream()
            return
        except OSError:
            if not left:
                raise
        naps.append(chosen.delay)


of_a_source = st.builds(replace, anything, retried=st.just("source"))
stored = st.builds(replace, of_a_source, reopened=st.sampled_from(["same", "short"]))
counted = st.builds(replace, of_a_source, reopened=st.just("same"), way=st.just("counted"))


@settings(max_examples=300, deadline=None)
@given(stored)
def test_what_is_shown_is_what_happens_by_hand(chosen):
    seen = retry(chosen)
    kind = seen.raised.partition(":")[0].removeprefix("sqlite3.")
    assert (seen.arrived, kind, seen.waits) == by_hand(chosen)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_every_outcome_adds_up(chosen):
    seen = retry(chosen)
    assert seen == retry(chosen)
    assert len(seen.attempts) <= chosen.attempts
    assert seen.once == (not seen.raised and sorted(seen.arrived) == list(range(1, chosen.records + 1)))
    assert set(seen.missing) | set(seen.arrived) == set(range(1, chosen.records + 1))
    if chosen.way == "counted":
        assert not seen.twice
        assert len(seen.waits) <= max(0, len(seen.attempts) - 1)
    at = [read.at for attempt in seen.attempts for read in attempt.reads]
    assert at == sorted(at)
    assert seen.sentence in seen.text()
    assert " at 0x" not in seen.text()


@settings(max_examples=100, deadline=None)
@given(counted)
def test_what_is_read_again_silently_is_what_a_restart_would_deliver_twice(chosen):
    seen = retry(chosen)
    if issubclass(ERRORS[chosen.error], OSError):
        assert set(seen.skipped) == set(seen.doubles)
    assert retry(RetrySettings(**{**vars(chosen), "way": "restarted"})).twice == seen.doubles


def told(**chosen):
    return retry(RetrySettings(**chosen)).sentence


def test_the_lessons_example():
    seen = retry(RetrySettings(records=5, failures=[3]))
    assert (seen.arrived, seen.skipped) == ((1, 2, 3, 4, 5), (1, 2, 3))
    assert (seen.twice, seen.doubles) == ((), (1, 2, 3))
    assert seen.sentence == (
        "Attempt 1 broke after 3 records. Attempt 2 read 1 to 3 again and skipped them: each record "
        "arrived once. A restart that does not count would bring 1 to 3 twice."
    )
    assert [(one.start, one.end) for one in seen.attempts] == [(0, 1.5), (2.5, 5)]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            {"way": "restarted"},
            "Attempt 1 broke after 3 records. Nothing counted what was handed on: 1 to 3 come more than "
            "once. No error says so.",
        ),
        (
            {"way": "call"},
            "The call returned a generator, and with that the retry was over: nothing had been read yet. The "
            "OSError came later, where the records are pulled, and it is not caught there. "
            "3 of 5 records arrived.",
        ),
        (
            {"failures": [3, 2, 4]},
            "All 3 attempts broke: the last OSError is raised, without another wait. 4 of 5 records arrived.",
        ),
        (
            {"attempts": 1},
            "With one attempt in all there is no retry: the OSError is raised. 3 of 5 records arrived.",
        ),
        (
            {"reopened": "short"},
            "Attempt 2 ended after 2 records, and more had been handed on before: it is not the same stream. "
            "@retryOnFailure says so with a RuntimeError, and leaves no silent gap. 3 of 5 records arrived.",
        ),
        (
            {"error": "sqlite3.OperationalError"},
            "A sqlite3.OperationalError is not an OSError, so it is not retried: it is raised at once. "
            "3 of 5 records arrived.",
        ),
        (
            {"retried": "stage"},
            "The stage was given an iterator, and after a failure that is spent: a second attempt would end "
            "early and look like success. So @retryOnFailure refuses at the first pull, with a TypeError. "
            "No record arrived.",
        ),
        (
            {"retried": "stage", "way": "restarted"},
            "Attempt 1 broke after 3 records. Attempt 2 was given the same iterator, which the failure had "
            "spent: it ended at once. 4 and 5 never arrived, and no error says so.",
        ),
        (
            {"reopened": "live", "records": 8, "delay": 0},
            "Attempt 1 broke after 3 records. Attempt 2 skipped as many records as had been handed on, and "
            "they were other ones. 4 to 6 never arrived, and no error says so. "
            "It counts records; it cannot know them.",
        ),
        (
            {"failures": [0]},
            "Attempt 1 broke before its first record. Nothing had been handed on, so attempt 2 had nothing "
            "to repeat: each record arrived once.",
        ),
        ({"failures": []}, "Nothing broke: one attempt, and each of the 5 records arrived once."),
        ({"failures": [], "records": 1}, "Nothing broke: one attempt, and the one record arrived once."),
    ],
    ids=lambda one: "-".join(map(str, one.values())) if isinstance(one, dict) else "",
)
def test_sentences(chosen, sentence):
    assert told(**chosen) == sentence


def test_the_errors_are_those_of_the_decorator():
    assert retry(RetrySettings(reopened="short")).raised == (
        "RuntimeError: Server.stream ended after 2 records when opened again, but 3 were delivered before: "
        "it is not the same stream"
    )
    refused = retry(RetrySettings(retried="stage")).raised
    assert refused.startswith("TypeError: Relay.process was given an iterator")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"records": 9}, "records=9 is not a whole number from 1 to 8"),
        ({"attempts": True}, "attempts=True is not a whole number from 1 to 4"),
        ({"delay": 3}, "delay=3 is not one of 0, 0.5, 1, 2"),
        ({"delay": True}, "delay=True is not one of"),
        ({"failures": 3}, r"failures=3 is not a list; \[3\] breaks attempt 1 after 3 records"),
        ({"failures": [9]}, r"failures=\[9\]: allowed are up to 4 entries"),
        ({"failures": ["3"]}, "0 to 8, or None for never"),
        ({"failures": [1, 1, 1, 1, 1]}, "up to 4 entries"),
        ({"way": "sideways"}, "way='sideways' is not one of counted, restarted, call"),
    ],
)
def test_a_setting_that_is_not_allowed_is_a_value_error_that_says_what_is(chosen, message):
    with pytest.raises(ValueError, match=message):
        RetrySettings(**chosen)
    with pytest.raises(ValueError, match=message):
        RetryLab(**chosen)


def test_the_code_that_is_shown_is_the_code_that_runs():
    for way, retried in itertools.product(["restarted", "call"], RETRIED):
        chosen, came = RetrySettings(failures=[3], way=way, retried=retried), []
        opened = itertools.count(1)

        class server:
            @staticmethod
            def stream(opened=opened):
                attempt = next(opened)
                for record in range(1, 6):
                    yield record
                    if (record, attempt) == (3, 1):
                        raise OSError

        class stage:
            @staticmethod
            def process(stream):
                yield from stream

        room = {"server": server, "stage": stage, "sleep": lambda seconds: None, "arrive": came.append}
        try:
            exec(listing(chosen), room)
        except OSError:
            assert way == "call"
        assert tuple(came) == retry(chosen).arrived


@settings(max_examples=25, deadline=None)
@given(anything)
def test_the_picture_says_in_words_what_it_shows(chosen):
    seen, picture = retry(chosen), timeline(retry(chosen))
    assert picture.alt in picture.svg.replace("&#x27;", "'")
    shapes = picture.svg.count("<circle") + picture.svg.count(' Z"')
    assert shapes == 2 * len(seen.arrived) + len(seen.skipped)
    for attempt in seen.attempts:
        assert f"Attempt {attempt.number}, from {attempt.start:g} s" in picture.alt


# The widget


@pytest.fixture
def lab():
    before = set(ipywidgets.widgets.widget._instances)
    lab = RetryLab()
    yield lab
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def agree(lab):
    """The view shows what the plain function answers, and nothing else."""
    outcome = retry(lab.settings)
    assert lab.outcome == outcome
    assert lab.sentence == outcome.sentence
    assert lab.voice.twin == outcome.text()
    assert lab.shown.value == page(outcome)
    assert escape(outcome.raised.partition(": ")[2]) in lab.shown.value
    assert lab.voice.mark == ("ok" if outcome.once else "fail")
    assert lab.errors == []


SETTINGS = ("way", "attempts", "records", "delay", "error", "retried", "reopened")


def test_it_opens_with_few_controls_and_the_lessons_example(lab):
    few = [name for name in lab.controls if lab.controls[name] in lab._few]
    assert few == ["way", "break 1", "break 2", "attempts"]
    assert lab.settings == RetrySettings(records=5, failures=[3])
    agree(lab)


def test_every_control_through_all_its_values(lab):
    for name in SETTINGS:
        for value in values(lab.controls[name]):
            drive(lab, name, value)
            assert getattr(lab.settings, name) == value
            agree(lab)
        drive(lab, name, getattr(RetrySettings(), name))
    for attempt in range(1, ATTEMPTS + 1):
        for value in values(lab.controls[f"break {attempt}"]):
            drive(lab, f"break {attempt}", value)
            assert lab.settings.breaks(attempt) == (None if value == NEVER else value)
            agree(lab)


@settings(max_examples=25, deadline=None)
@given(anything)
def test_it_starts_at_any_settings_and_shows_them(chosen):
    before = set(ipywidgets.widgets.widget._instances)
    lab = RetryLab(**vars(chosen))
    assert lab.settings == chosen
    agree(lab)
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_any_sequence_of_actions_ends_in_what_the_plain_function_says(actions):
    before = set(ipywidgets.widgets.widget._instances)
    lab = RetryLab()
    for which, value in actions:
        name = [*lab.controls][which % len(lab.controls)]
        known = values(lab.controls[name])
        drive(lab, name, known[value % len(known)])
    agree(lab)
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


@pytest.mark.parametrize("sequences", [20, pytest.param(300, marks=pytest.mark.deep)])
def test_random_sequences_leave_no_model(sequences):
    chance, before = random.Random(34), set(ipywidgets.widgets.widget._instances)
    for _ in range(sequences):
        lab = RetryLab()
        for _ in range(chance.randrange(3)):
            name = chance.choice(list(lab.controls))
            drive(lab, name, chance.choice(values(lab.controls[name])))
        lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def test_no_control_shows_an_empty_value(lab):
    for control in lab.controls.values():
        for value in values(control):
            assert value is not None
