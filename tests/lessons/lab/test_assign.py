"""DescriptorLab's experiment against the same code by hand, and the widget against the experiment."""

import functools
import gc
import itertools
import json
import os
import sys
import tempfile
import traceback
from html import escape

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessons import DescriptorLab
from lessons.lab.base import drive, values
from lessons.lab.experiments import assign as room
from lessons.lab.experiments.assign import (
    EXAMPLES,
    FIELDS,
    UNKNOWN,
    WAYS,
    AssignSettings,
    PlainConfig,
    assign,
    listing,
    literal,
)
from lessons.lab.experiments.naming import NAMINGS, NamingOutcome, NamingSettings, naming
from lessons.lab.widgets.assign import page
from lifecycle import PipelineConfig, PipelineContext, ledger, retryOnFailure
from lifecycle.sinks import JsonLinesSink
from lifecycle.sources import CsvSource
from lifecycle.stages import Normalise, Parse, RollingMean

NAMES = (*FIELDS, UNKNOWN)
EVERY = [AssignSettings(*choice) for choice in itertools.product(NAMES, EXAMPLES.values(), WAYS)]
known = functools.cache(lambda chosen: (naming if isinstance(chosen, NamingSettings) else assign)(chosen))


def named(one):
    return f"{one.field}={one.value} {one.way}"


@pytest.fixture(autouse=True)
def baseline(monkeypatch, tmp_path):
    """Nothing stays: no file, no entry in the ledger, no attribute on the real class."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = ledger.held(), dict(vars(PipelineConfig)), dict(vars(PlainConfig))
    yield
    assert (ledger.held(), dict(vars(PipelineConfig)), dict(vars(PlainConfig))) == before
    assert os.listdir(tmp_path) == []


def made(kind, chosen):
    """The assignment by hand: a config of a class that may be spoiled."""
    value = literal(chosen.value)[0]
    if chosen.way == "in the constructor":
        return kind(**{chosen.field: value})
    kind = type(kind.__name__, (kind,), {})
    config = kind()
    setattr(config if chosen.way == "on the instance" else kind, chosen.field, value)
    return config


def job(config, folder):
    """The listing's pipeline by hand; the number that arrived is on the function, also after a failure."""
    folder.mkdir()
    weather, report = folder / "weather.csv", folder / "report.jsonl"
    weather.write_text(room._WEATHER)
    job.arrived = 0
    source = CsvSource(weather)
    source.stream = retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream)
    normalise = Normalise("temp_max", config.center, config.spread)
    stages = [Parse(temp_max=float), normalise, RollingMean("temp_max", config.windowSize)]
    with PipelineContext(source, stages, JsonLinesSink(report)) as pipeline:
        try:
            pipeline.run()
        finally:
            job.arrived = pipeline.recordCount
    return config.label.upper()


def byHand(kind, chosen, folder):
    """What is raised, its traceback below the code that assigns and runs, and what arrived and is written."""
    error = None
    job.arrived = 0
    try:
        job(made(kind, chosen), folder)
    except Exception as raised:
        error = raised
    ours = {"made", "job", "byHand"}
    below = [] if error is None else [
        (os.path.basename(frame.filename), frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.name not in ours or frame.filename != __file__
    ]  # fmt: skip
    report = folder / "report.jsonl"
    lines = report.read_text().splitlines() if report.exists() else []
    temps = tuple(f"{json.loads(line)['temp_max']:.2f}" for line in lines)
    for file in folder.iterdir() if folder.exists() else ():
        file.unlink()
    if folder.exists():
        folder.rmdir()
    return error, below, job.arrived, temps


@pytest.mark.parametrize("chosen", EVERY, ids=named)
def test_what_is_shown_is_what_happens_by_hand(chosen, tmp_path):
    outcome = known(chosen)
    for kind, seen in ((PipelineConfig, outcome.checked), (PlainConfig, outcome.twin)):
        error, below, arrived, written = byHand(kind, chosen, tmp_path / "hand")
        assert seen.config == kind.__name__
        assert seen.error.partition(":")[0] == ("" if error is None else type(error).__name__)
        if error is not None and chosen.value != "10**400":
            said = str(error).replace(str(tmp_path / "hand" / "report.jsonl"), "report.jsonl")
            assert seen.error == f"{type(error).__name__}: {said}"
        assert [(step.file, step.line) for step in seen.steps[1:]] == below
        assert (seen.arrived, seen.written) == (arrived, written)


@pytest.mark.parametrize("chosen", EVERY, ids=named)
def test_a_refused_value_leaves_the_old_one_and_the_twin_takes_everything(chosen):
    outcome = known(chosen)
    if outcome.refused:
        assert outcome.checked.before == outcome.checked.after
        assert outcome.checked.ran == tuple(range(1, outcome.line + 1))
    if chosen.way == "on the instance":
        assert dict(outcome.twin.after)[chosen.field] == outcome.given == outcome.twin.reads
        assert outcome.twin.line != outcome.line


@pytest.mark.parametrize("chosen", EVERY, ids=named)
def test_set_is_called_for_a_field_of_an_instance_and_for_nothing_else(chosen):
    outcome = known(chosen)
    assert bool(outcome.checked.called) == (chosen.field in FIELDS and chosen.way != "on the class")
    assert outcome.twin.called == ()
    if outcome.checked.called:
        told = dict(outcome.checked.called)
        kind = type(vars(PipelineConfig)[chosen.field]).__name__
        assert told["self"] == f"PipelineConfig.{chosen.field} ({kind})"
        assert told["instance"] == "config (PipelineConfig)"
        assert told["value"] == f"{outcome.given} ({type(literal(chosen.value)[0]).__name__})"


@pytest.mark.parametrize("chosen", EVERY[::5], ids=named)
def test_text_is_the_same_at_every_run_and_names_no_folder_and_no_address(chosen, tmp_path):
    text = known(chosen).text()
    assert text == assign(chosen).text()
    assert str(tmp_path) not in text and " at 0x" not in text
    assert known(chosen).sentence in text
    for line in listing(chosen).splitlines():
        assert line in text


def test_the_failure_is_raised_in_the_line_that_is_shown():
    step = known(AssignSettings("spread", "0")).twin.steps[-1]
    assert step.function == "Normalise.process"
    assert "- self.center) / self.spread" in step.code


SENTENCES = {
    AssignSettings("spread", "0"): (
        "Line 2 raises, where the value is assigned: ValueError: PipelineConfig.spread = 0: allowed is a "
        "finite number, more than 0. The plain twin takes it, and fails 9 lines later, 3 frames deeper, in "
        "Normalise.process (stages.py, line {line}): ZeroDivisionError: {error}. "
        "Its traceback does not show line 2."
    ),
    AssignSettings("windowSize", "True"): (
        "Line 2 raises, where the value is assigned: TypeError: PipelineConfig.windowSize = True: allowed is "
        "a whole number, 1 or more. To Python True is the whole number 1; as a setting it is a mistake. "
        "The plain twin takes it and never fails: 6 of 8 records are different, and there is no message."
    ),
    AssignSettings("center", "nan"): (
        "Line 2 raises, where the value is assigned: ValueError: PipelineConfig.center = nan: allowed is a "
        "finite number. No comparison with NaN is true, so a check like value < 0 lets it pass. "
        "The plain twin takes it, and fails 9 lines later, 2 frames deeper, in JsonLinesSink.write "
        "(sinks.py, line {line}): ValueError: {error}. Its traceback does not show line 2."
    ),
    AssignSettings("windowSize", '"7"', "in the constructor"): (
        "Line 1 raises, where the value is assigned: TypeError: PipelineConfig.windowSize = '7': allowed is "
        "a whole number, 1 or more. A text is not a number, even if it looks like one. The plain twin takes "
        "it, and fails 9 lines later, 2 frames deeper, in RollingMean.process (stages.py, line {line}): "
        "TypeError: {error}. Its traceback does not show line 1."
    ),
    AssignSettings("label", "7"): (
        "Line 2 raises, where the value is assigned: TypeError: PipelineConfig.label = 7: allowed is text. "
        "The plain twin takes it, and fails 10 lines later, when 8 records are written already: "
        "AttributeError: {error}. Its traceback does not show line 2."
    ),
    AssignSettings(UNKNOWN, "7"): (
        "Line 2 raises, where the value is assigned: AttributeError: PipelineConfig has no field windowsize: "
        "did you mean windowSize? No descriptor has that name, so no __set__ was called. The plain twin "
        "takes it and never fails: windowsize is an attribute that is never read."
    ),
    AssignSettings("windowSize", "7"): (
        "PipelineConfig takes 7: it is allowed. Its pipeline runs to its end with 8 records. "
        "The plain twin does the same."
    ),
    AssignSettings("spread", "0", "on the class"): (
        "Assigning on the class calls no __set__: 0 takes the place of the descriptor PipelineConfig.spread, "
        "unchecked, and config.spread reads 0. Its pipeline fails 9 lines later, 3 frames deeper, in "
        "Normalise.process (stages.py, line {line}): ZeroDivisionError: {error}. Its traceback does not show "
        "line 2. The plain twin still reads 1.0, from its own __dict__, and runs to its end."
    ),
    AssignSettings("label", '"7"', "on the class"): (
        "Assigning on the class calls no __set__: '7' takes the place of the descriptor "
        "PipelineConfig.label, unchecked, and config.label reads '7'. Its pipeline runs to its end with 8 "
        "records. The plain twin still reads 'pipeline', from its own __dict__, and runs to its end."
    ),
}


@pytest.mark.parametrize("chosen", SENTENCES, ids=named)
def test_sentences(chosen):
    outcome = known(chosen)
    failed = outcome.checked if outcome.broken else outcome.twin
    line = failed.steps[-1].line if failed.steps else 0
    # Python's own words differ from one version to the next.
    error = failed.error.partition(": ")[2].split(": {")[0]
    assert outcome.sentence == SENTENCES[chosen].format(line=line, error=error)


def test_without_an_assignment_the_records_are_as_usual():
    assert known(AssignSettings("label", '""')).sentence.endswith(
        "The plain twin takes it and never fails: 8 records are written, and there is no message."
    )
    assert known(AssignSettings("windowSize", "7")).checked.written == known(AssignSettings()).usual
    endless = known(AssignSettings("windowSize", "None"))
    assert endless.different(endless.twin) == 1
    assert "1 of 8 records is different" in endless.sentence


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("7", 7, "7"),
        (" -2.5 ", -2.5, "-2.5"),
        ("'seven'", "seven", "'seven'"),
        ("None", None, "None"),
        ("[1,{2:3}]", [1, {2: 3}], "[1, {2: 3}]"),
        ("-inf", float("-inf"), 'float("-inf")'),
        ("1e400", float("inf"), "1e309"),
        ("10**3", 1000, "10 ** 3"),
        ('"a\\nb"', "a\nb", "'a\\nb'"),
    ],
)
def test_a_value_is_typed_as_in_python(text, value, shown):
    assert literal(text) == (value, shown)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seven", 'text needs quotes, "seven"'),
        ("", "No value is typed."),
        ("print()", "print() is not a value that can be typed here."),
        ("10**10000", "is not a value that can be typed here."),
        ("99**99", "is not a value that can be typed here."),
        ("{[]: 1}", "is not a value that can be typed here."),
        ("[" * 150, "is not a value that can be typed here."),
        ("1\x00", "is not a value that can be typed here."),
        ("'" + "a" * 300 + "'", "The value has 302 characters, and 200 are the most"),
    ],
)
def test_what_is_no_value_is_told_and_nothing_is_evaluated(text, told):
    with pytest.raises(ValueError) as refused:
        AssignSettings("windowSize", text)
    assert told in str(refused.value)
    assert "A value is a literal, like 7" in str(refused.value)


@pytest.mark.parametrize("name", ["", "two words", "7up", "__class__", "class", "a.b"])
def test_what_can_be_no_field_is_told(name):
    with pytest.raises(ValueError, match=r"cannot be a field\. A name has letters, digits and _"):
        AssignSettings(name)


def test_a_value_that_is_no_text_is_answered_with_the_text():
    with pytest.raises(TypeError, match=r"value=0 is not a text\. Write it as you type it: value='0'"):
        AssignSettings("windowSize", 0)
    with pytest.raises(ValueError, match="way='nowhere' is not one of on the instance"):
        AssignSettings(way="nowhere")


def test_the_trace_function_is_as_before_and_no_object_of_a_run_stays():
    before = sys.gettrace()
    gc.collect()
    gc.disable()
    try:
        for chosen in SENTENCES:
            assign(chosen)
        alive = [one for one in gc.get_objects() if isinstance(one, (PlainConfig, PipelineContext))]
    finally:
        gc.enable()
    assert sys.gettrace() is before
    assert alive == []


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), LITERALS, st.sampled_from([*WAYS]))
def test_any_value_is_refused_here_exactly_when_the_class_refuses_it(field, value, way):
    try:
        chosen = AssignSettings(field, repr(value), way)
    except ValueError:
        return  # a float inside a list, whose repr is no literal: nan, inf
    outcome = assign(chosen)
    try:
        made(PipelineConfig, chosen)
        error = ""
    except Exception as raised:
        error = type(raised).__name__
    assert (outcome.checked.error.partition(":")[0] if outcome.refused else "") == error
    assert outcome.text() and page(outcome)


# The widget


@pytest.fixture
def lab():
    before = set(ipywidgets.widgets.widget._instances)
    lab = DescriptorLab()
    yield lab
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def agree(lab):
    """The view shows what the plain function answers, and nothing else."""
    outcome = known(lab.settings)
    assert lab.outcome == outcome
    assert lab.sentence == outcome.sentence
    assert lab.voice.twin == outcome.text()
    assert lab.shown.value == page(outcome)
    assert lab.errors == []
    if isinstance(outcome, NamingOutcome):
        assert all(escape(fact) in lab.shown.value for fact in (outcome.error, *dict(outcome.stored or ())))
        return
    for seen in (outcome.checked, outcome.twin):
        assert escape(seen.error) in lab.shown.value
        assert escape(seen.reads) in lab.shown.value or seen.before is seen.after is None
    assert lab.errors == []


def test_it_opens_with_few_controls_and_a_setting_that_breaks_a_formula(lab):
    few = [name for name in lab.controls if lab.controls[name] in lab._few]
    assert few == ["field", "example", "value", "naming", "look"]
    assert lab.settings == AssignSettings("spread", "0", "on the instance")
    agree(lab)


def test_every_control_through_all_its_values(lab):
    for field in values(lab.field):
        drive(lab, "field", field)
        assert lab.settings.field == field
        for value in values(lab.example)[:-1]:
            drive(lab, "example", value)
            assert lab.settings.value == lab.value.value == value
            agree(lab)
    for way in values(lab.controls["way"]):
        drive(lab, "way", way)
        assert lab.settings.way == way
        agree(lab)
    for kind in values(lab.controls["naming"])[::-1]:
        for field in values(lab.field)[:-1] if kind else ():
            drive(lab, "naming", kind)
            drive(lab, "field", field)
            assert lab.settings == NamingSettings(field, lab.value.value, kind)
            assert lab.controls["way"].disabled
            agree(lab)
    drive(lab, "naming", "")
    assert not lab.controls["way"].disabled
    agree(lab)
    drive(lab, "name", "windwSize")
    assert lab.settings.field == "windwSize"
    assert "did you mean windowSize?" in known(AssignSettings("windwSize", "7")).sentence
    agree(lab)
    drive(lab, "name", "")
    assert lab.settings.field == lab.field.value


def test_a_typed_value_is_assigned_and_a_known_one_is_found_among_the_examples(lab):
    drive(lab, "value", "[1, 2]")
    assert lab.example.value == ""
    agree(lab)
    drive(lab, "value", "True")
    assert lab.example.value == "True"
    agree(lab)
    drive(lab, "example", "")
    assert lab.settings.value == "True"


def test_an_example_is_assigned_once(lab, monkeypatch):
    seen = []
    monkeypatch.setattr(type(lab), "refresh", lambda self: seen.append(self.settings))
    drive(lab, "example", "None")
    drive(lab, "value", "nan")
    drive(lab, "value", "[0]")
    assert [one.value for one in seen] == ["None", "nan", "[0]"]


@pytest.mark.parametrize(("control", "typed"), [("value", "seven"), ("name", "two words")])
def test_what_cannot_be_assigned_is_said_and_the_lab_goes_on(lab, control, typed):
    drive(lab, control, typed)
    assert lab.sentence.endswith("Nothing was assigned.")
    assert (lab.voice.mark, lab.voice.twin, lab.shown.value, lab.errors) == ("error", "", "", [])
    drive(lab, control, "7" if control == "value" else "")
    agree(lab)


def test_marks(lab):
    marks = {}
    for field, value, way in (
        ("spread", "0", "on the instance"),
        ("spread", "7", "on the instance"),
        ("windowSize", "10**400", "on the instance"),
        ("spread", "7", "on the class"),
    ):
        for name, chosen in (("field", field), ("value", value), ("way", way)):
            drive(lab, name, chosen)
        marks[field, value, way] = lab.voice.mark
    assert list(marks.values()) == ["ok", "", "fail", "fail"]


def test_it_takes_settings_as_a_start():
    lab = DescriptorLab("windwSize", "3.5", "in the constructor")
    assert lab.settings == AssignSettings("windwSize", "3.5", "in the constructor")
    assert lab.example.value == ""
    lab.close()


def test_a_field_without_a_descriptor_has_no_name_to_break(lab):
    drive(lab, "naming", "misspelt")
    drive(lab, "field", UNKNOWN)
    assert lab.sentence.startswith("windowsize has no descriptor whose name could be wrong: choose label,")
    assert lab.sentence.endswith("Nothing was assigned.")


ACTIONS = st.one_of(
    st.tuples(st.just("field"), st.sampled_from(NAMES)),
    st.tuples(st.just("example"), st.sampled_from([*EXAMPLES.values(), ""])),
    st.tuples(st.just("value"), st.sampled_from(["3", "seven", "[0]", "-inf", ""])),
    st.tuples(st.just("way"), st.sampled_from([*WAYS])),
    st.tuples(st.just("name"), st.sampled_from(["", "centre", "two words", "_spread"])),
    st.tuples(st.just("naming"), st.sampled_from(["", *NAMINGS])),
    st.tuples(st.just("more"), st.booleans()),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ACTIONS, max_size=10))
def test_any_sequence_of_actions_ends_in_what_the_plain_function_says(actions):
    before = set(ipywidgets.widgets.widget._instances)
    lab = DescriptorLab()
    for name, value in actions:
        drive(lab, name, value)
    try:
        chosen = lab.settings
    except ValueError as problem:
        assert lab.sentence == f"{problem} Nothing was assigned."
    else:
        assert lab.outcome == known(chosen)
        agree(lab)
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before
