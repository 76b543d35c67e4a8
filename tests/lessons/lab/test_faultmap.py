"""FaultMap's experiment against the sweep and the chain, and the widget against the experiment."""

import os
import pickle
import random
import re
import time
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessons import FaultMap
from lessons.lab.base import drive, values
from lessons.lab.experiments import faultmap as room
from lessons.lab.experiments.chain import play
from lessons.lab.experiments.faultmap import (
    MapOutcome,
    MapSettings,
    Point,
    at,
    fault,
    faultmap,
    naive,
    when,
)
from lessons.lab.heatmap import RECORDS, cells, columns, heatmap, key, point
from lessons.lab.widgets.faultmap import page
from lifecycle import faults, ledger
from lifecycle.sinks import ListSink
from lifecycle.sources import CsvSource, ListSource


@pytest.fixture(scope="module")
def whole():
    """The map of FailureLab's own pipeline."""
    return faultmap()


@pytest.fixture(scope="module")
def small():
    """The map of a small pipeline of one's own."""
    return faultmap(build)


def points(outcome):
    return [
        Point(one.fault.place, at(one), context)
        for context in (False, True)
        for one in outcome.outcomes(context)
    ]


def build():
    return ListSource([1, 2, 3]), [Double()], ListSink()


class Double:
    def process(self, stream):
        for record in stream:
            yield 2 * record


def of(*stages, records=3):
    return lambda: (ListSource(range(records)), [stage() for stage in stages], ListSink())


# The experiment


def test_without_the_context_it_leaks_and_with_it_nothing_does(whole):
    assert (whole.leaks(context=False), whole.leaks(context=True)) == (51, 0)
    assert whole.sentence == (
        "57 places where this pipeline can fail, each tried twice: without PipelineContext 51 of them leave "
        "something open, with it none."
    )
    assert whole.within.clean


def test_it_is_the_sweep_itself(small):
    assert small.bare.outcomes == faults.sweep(build, naive).outcomes
    assert small.within.outcomes == faults.sweep(build).outcomes


# All of them in the long form; else each third, which has every part, phase and way to run.
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.deep)])
def test_every_point_replayed_in_the_chain_ends_as_the_sweep_says(whole, step):
    replayed(whole, step)


# With each other pattern on and off: measuring alone, the retry alone, both, and no validation.
@pytest.mark.parametrize(
    ("settings", "step"),
    [
        (MapSettings(validation=False, retry=True, measure=True), 7),
        pytest.param(MapSettings(retry=True), 1, marks=pytest.mark.deep),
        pytest.param(MapSettings(measure=True), 1, marks=pytest.mark.deep),
        pytest.param(MapSettings(validation=False, retry=True, measure=True), 1, marks=pytest.mark.deep),
    ],
)
def test_every_point_ends_alike_whatever_patterns_are_around_the_parts(settings, step):
    outcome = faultmap(settings=settings)
    replayed(outcome, step)
    assert (outcome.settings, outcome.leaks(context=True)) == (settings, 0)
    saved = sum(not one.raised for one in outcome.points("source", context=True).values())
    assert ("@retryOnFailure is around the source" in outcome.sentence) == settings.retry
    if settings.retry:
        assert f"with the context, {saved} of 16 places in CsvSource raise nothing." in outcome.sentence
        assert saved == 14  # 13 pulls, and a stream that is at its end is not closed
    assert ("@measuredStage is around" in outcome.sentence) == settings.measure


def test_a_wrong_setting_stops_the_map_with_validation_at_once_and_without_it_in_the_formula():
    stopped = faultmap(settings=MapSettings(spread="0 (too small)"))
    assert "PipelineConfig.spread = 0" in stopped.refused and "nothing was opened" in stopped.refused
    let_in = faultmap(settings=MapSettings(spread="0 (too small)", validation=False))
    assert "ZeroDivisionError in Normalise at record 2" in let_in.refused


def replayed(whole, step):
    for chosen in points(whole)[::step]:
        swept, injected = whole.found(chosen), fault(chosen)
        settings = replace(whole.settings.chain, context=chosen.context, faults=(injected,))
        state = play(["run"], settings)
        assert state.accepted == swept.arrived, chosen
        assert bool(state.raised) == bool(swept.raised), chosen
        resources = [leak for leak in swept.leaked if not re.search("and not (left|finished)$", leak)]
        assert len(state.held) == len(resources), chosen
        suspended = [part.key for part in state.parts if part.stand.status == "suspended"]
        assert suspended == [leak.split(" started")[0] for leak in swept.leaked if " started" in leak], chosen


def test_what_is_said_of_a_point(whole):
    assert whole.told(Point("sink", "write 4")) == (
        "SqlSink fails at write 4, without PipelineContext: OSError is raised, 3 records had arrived. This "
        "stays open: CsvSource and SqlSink; the suspended generators of CsvSource, Parse, Filter and "
        "Normalise; the file weather.csv; a connection."
    )
    assert whole.told(Point("sink", "write 4", context=True)) == (
        "SqlSink fails at write 4, with PipelineContext: OSError is raised, 3 records had arrived. "
        "Nothing stays open."
    )
    assert whole.told(Point("source", "end")) == (
        "CsvSource fails when its stream closes, without PipelineContext: nothing is raised. The run never "
        "gets there, or the part handles it; 7 records had arrived. Nothing stays open."
    )
    assert whole.told(Point("stage 2", "open")) == "Filter has no fault point 'open': choose another one."


def test_the_text_is_the_same_at_every_run_and_everything_is_put_back(whole):
    held, counted = ledger.held(), ledger.system()
    assert faultmap().text() == whole.text()
    assert (ledger.held(), ledger.system()) == (held, counted)


def test_the_text_names_no_folder(whole):
    for chosen in points(whole):
        assert "/" not in whole.told(chosen)
    assert "  Parse      pull 1 to 13: leak · end: clean" in whole.text().splitlines()
    assert whole.sentence in whole.text()


def test_an_outcome_keeps_nothing_alive(whole):
    assert pickle.loads(pickle.dumps(whole)) is not None


def test_progress_counts_every_run():
    told = []
    outcome = faultmap(build, lambda done, total: told.append((done, total)))
    total = 2 * (len(outcome.outcomes(context=True)) + 2)
    assert told == [(done, total) for done in range(total)]


class Forgets:
    def process(self, stream):
        return None


class Raises:
    def process(self, stream):
        for record in stream:
            yield 1 / record


class Loops:
    def process(self, stream):
        for record in stream:
            while True:
                pass
            yield record


class Clings:
    def process(self, stream):
        for record in stream:
            try:
                yield record
            except GeneratorExit:
                yield record


class Async:
    async def process(self, stream):
        for record in stream:
            yield record


class Passes:
    def process(self, stream):
        return stream


class Endless:
    def stream(self):
        while True:
            yield 1


BROKEN = [
    (of(Forgets), "not. Forgets.process(stream) returned None: it has no `yield`. Write `yield record`"),
    (of(Raises), "ZeroDivisionError in Raises at record 1: division by zero. Correct it and try again."),
    (of(Loops), "not. Loops ran for 0.2 s and neither yielded, returned nor raised: it was stopped."),
    (of(Clings), "The sweep broke off: RuntimeError: generator ignored GeneratorExit. A part yields once"),
    (of(Async), "not. Async.process(stream) is async: a `for` loop cannot pull it."),
    (lambda: (Endless(), [], None), "More than 2000 records, and no end in sight. Build a shorter input"),
    (of(Double, records=900), "2704 places where this pipeline can fail are too many for a map."),
    (lambda: 3, "build() returned an int: return source, stages, sink. Then try again."),
    (lambda: time.sleep(60), "build() ran for 0.2 s and did not return: it was stopped."),
    (lambda: 1 / 0, "not. build() raised ZeroDivisionError: division by zero."),
    (lambda: (ListSource([1]), [Double], None), "build() returned the class Double as stage 1: call it"),
    (lambda needed: None, "build() is called without arguments, and this one does not allow that"),
]


@pytest.fixture
def hasty(monkeypatch):
    """Two tenths of a second of patience in place of two seconds."""
    monkeypatch.setattr("lessons.lab.experiments.chain.PATIENCE", 0.2)
    monkeypatch.setattr(room, "PATIENCE", 0.2)


@pytest.mark.parametrize(("broken", "sentence"), BROKEN, ids=lambda one: one[:30] if type(one) is str else "")
def test_a_pipeline_that_cannot_be_swept_gives_a_clear_sentence(broken, sentence, hasty):
    held = ledger.held()
    outcome = faultmap(broken)
    assert sentence in outcome.sentence
    assert outcome.text() == outcome.sentence
    assert outcome.outcomes(True) == ()
    assert ledger.held() == held


def test_a_stage_that_hands_its_stream_on_as_it_is_has_a_map():
    outcome = faultmap(of(Passes))
    assert not outcome.refused
    assert outcome.leaks(context=False) and not outcome.leaks(context=True)


def test_a_part_that_hangs_when_it_is_struck_is_one_cell_of_the_map(hasty):
    class Hangs:
        def process(self, stream):
            try:
                for record in stream:
                    yield record
            except OSError:
                while True:
                    pass

    outcome = faultmap(of(Hangs, records=1))
    struck = outcome.found(Point("stage 1", "pull 2", context=True))
    assert struck.raised == "TimeoutError: still running after 0.2 s, and stopped"
    assert "TimeoutError: still running" in outcome.told(Point("stage 1", "pull 2", context=True))


def test_a_sweep_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr(room, "BUDGET", 0.0)
    assert faultmap(build).sentence == (
        "The sweep was stopped after 0 s, after 0 of 0 runs. Build a shorter input, or look for a part that "
        "hangs when something fails."
    )


def test_what_a_part_opens_and_tells_nobody_is_counted(tmp_path):
    kept = []

    class Secret:
        def process(self, stream):
            kept.append(os.open(tmp_path, os.O_RDONLY))
            yield from stream

    sentence = faultmap(of(Secret)).sentence
    for descriptor in kept:
        os.close(descriptor)
    assert re.search(r"with PipelineContext the operating system counts \d\d files and 0 sockets", sentence)


def test_a_part_of_the_kit_that_stays_open_is_named_by_the_ledger(tmp_path):
    """Its file is counted as well, but it is not true that the ledger was not told."""
    readings = tmp_path / "readings.csv"
    readings.write_text("number\n1\n2\n", "utf-8")
    kept = []

    class Beside:
        def process(self, stream):
            kept.append(CsvSource(readings).__enter__())
            yield from stream

    sentence = faultmap(of(Beside)).sentence
    for source in kept:
        source.__exit__(None, None, None)
    assert "without telling the ledger" not in sentence
    assert re.search(
        r"with PipelineContext the operating system counts \d\d files and 0 sockets more than before\. "
        r"The ledger still lists \d+ times file readings\.csv\.",
        sentence,
    ), sentence


# The picture


def test_every_point_has_a_cell(whole):
    found = [
        one
        for place, _ in whole.parts
        for context in (False, True)
        for cell in cells(whole, place, context)
        for one in cell.points
    ]
    assert sorted(found, key=str) == sorted(points(whole), key=str)
    picture = heatmap(whole)
    assert re.findall('data-cell="([^"]+)"', picture.svg) == [
        key(cell.chosen)
        for context in (False, True)
        for place, _ in whole.parts
        for cell in cells(whole, place, context)
    ]
    assert picture.svg.count(">leak<") == 51 and picture.svg.count(">clean<") == 63
    assert picture.alt in picture.svg
    assert "51 of 57 fault points leak; with PipelineContext: 0 of 57" in picture.alt


def test_a_leak_is_hatched_and_a_clean_cell_is_not(whole):
    assert heatmap(whole).svg.count("fill: url(#") == 51


def test_many_records_share_columns():
    outcome = faultmap(of(Double, records=40))
    heads = columns(outcome)
    assert (len(heads) <= RECORDS + 3, heads[1], heads[-3]) == (True, "1-3", "40-41")
    shared = cells(outcome, "sink", False)
    assert shared[0].points[:2] == (Point("sink", "write 1"), Point("sink", "write 2"))
    assert all(cell.leaks for cell in shared)
    assert 'data-cell="without|sink|write 4"' in heatmap(outcome).svg


def test_a_shared_cell_is_chosen_at_a_point_that_leaks():
    class LateFile:
        def process(self, stream):
            for number, record in enumerate(stream, 1):
                if number == 3:
                    ledger.opened("file", "late")
                yield record

    outcome = faultmap(of(LateFile, records=30))
    for entry in ledger.held():
        ledger.closed(entry)
    first = cells(outcome, "source", True)[0]
    assert (first.leaks, len(first.points)) == (0, 3) or first.chosen != first.points[-1]


@pytest.mark.parametrize("one", [Point("sink", "write 4"), Point("stage 12", "open", context=True)])
def test_a_point_survives_the_way_to_the_page_and_back(one):
    assert point(key(one)) == one


# The widget


@pytest.fixture
def lab(whole, monkeypatch):
    """A map of FailureLab's own pipeline, which was swept before: only the replays run."""
    monkeypatch.setattr("lessons.lab.widgets.faultmap.faultmap", lambda build, progress, settings: whole)
    before, held = set(ipywidgets.widgets.widget._instances), ledger.held()
    lab = FaultMap()
    yield lab
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before
    assert ledger.held() == held


def agree(lab, outcome):
    """The view shows what the plain function answers, and the replay is of the chosen point."""
    chosen = lab.chosen
    assert lab.outcome.text() == outcome.text()
    assert lab.errors == []
    if chosen is None:
        assert lab.sentence.startswith(outcome.sentence)
        assert lab.failure is None
        assert lab.map.chosen == ""
        return
    assert lab.sentence == outcome.told(chosen)
    assert lab.voice.twin == f"{outcome.text()}\n\n{outcome.told(chosen)}"
    assert lab.voice.mark == ("fail" if outcome.found(chosen).leaked else "ok")
    assert f'data-cell="{lab.map.chosen}"' in lab.map.picture
    assert lab.failure.errors == []
    wanted = replace(lab.settings.chain, context=chosen.context, faults=(fault(chosen),))
    assert lab.failure.settings == wanted
    assert lab.failure.chain.state.over
    assert lab.failure.chain.state.accepted == outcome.found(chosen).arrived


def test_it_opens_with_few_controls_and_the_whole_map(whole):
    lab = FaultMap()
    assert list(lab.controls) == [
        "place",
        "at",
        "context",
        "sweep",
        "show",
        "validation",
        "retry",
        "measure",
        "spread",
        "back",
        "more",
    ]
    assert lab.chosen is None
    assert lab.map.picture == page(whole)
    agree(lab, whole)
    lab.close()


def test_every_control_through_all_its_values(small):
    lab, outcome = FaultMap(build), small
    for place in values(lab.controls["place"]):
        drive(lab, "place", place)
        agree(lab, outcome)
        assert values(lab.controls["at"]) == (list(outcome.points(place)) or [""])
        for one in values(lab.controls["at"]):
            drive(lab, "at", one)
            agree(lab, outcome)
            drive(lab, "context", not lab.controls["context"].value)
            agree(lab, outcome)
    drive(lab, "place", "")
    agree(lab, outcome)
    lab.close()


def test_each_pattern_is_switched_on_and_off_and_the_whole_map_follows(monkeypatch):
    swept = cache(lambda build, settings: faultmap(build, None, settings))
    monkeypatch.setattr(
        "lessons.lab.widgets.faultmap.faultmap", lambda build, _, settings: swept(build, settings)
    )
    lab = FaultMap()
    lab.choose(Point("source", "pull 3"))
    for name in ("validation", "retry", "measure"):
        assert values(lab.controls[name]) == [False, True]
        drive(lab, name, not lab.controls[name].value)
        agree(lab, swept(None, lab.settings))
    assert lab.settings == MapSettings(validation=False, retry=True, measure=True)
    for spread in values(lab.controls["spread"])[::-1]:
        drive(lab, "spread", spread)
        outcome = swept(None, MapSettings(False, spread, True, True))
        assert (lab.outcome, lab.sentence.startswith(outcome.refused)) == (outcome, True)
    lab.close()
    own = FaultMap(build)
    assert not {"validation", "spread"} & set(own.controls)
    own.close()


def test_a_click_on_any_cell_chooses_it(lab, whole):
    for cell in re.findall('data-cell="([^"]+)"', lab.map.picture)[::15]:
        lab.map._handle_custom_msg({"choose": cell}, [])
        assert (lab.chosen, lab.map.chosen) == (point(cell), cell)
        agree(lab, whole)


def test_two_stages_of_one_class_have_a_row_each():
    outcome = faultmap(of(Double, Double))
    assert outcome.name("stage 2") == "Double (stage 2)"
    assert "Double (stage 2) fails at pull 2, with" in outcome.told(Point("stage 2", "pull 2", context=True))


def test_the_replay_says_its_end_and_nothing_before_it(lab):
    lab.choose(Point("sink", "write 4"))
    said = []
    lab.failure.voice.observe(lambda change: said.append(change["new"]), names="sentence")
    lab.choose(Point("sink", "write 5"))
    assert said == [lab.failure.sentence]


def test_the_replay_can_be_shown_once_there_is_one(lab, monkeypatch):
    sent = []
    monkeypatch.setattr(lab.map, "send", sent.append)
    assert lab.controls["show"].disabled
    lab.choose(Point("sink", "write 4"))
    assert not lab.controls["show"].disabled
    drive(lab, "show")
    assert sent == [{"show": "replay"}] and "lc-at-replay" in lab._dom_classes
    drive(lab, "back")
    assert sent[1:] == [{"show": "map"}] and "lc-at-replay" not in lab._dom_classes
    drive(lab, "show")
    drive(lab, "place", "")
    assert lab.controls["show"].disabled and "lc-at-replay" not in lab._dom_classes


def test_a_click_that_no_cell_sent_is_said_and_kept(lab):
    lab.map._handle_custom_msg({"choose": "with|sink|write 99"}, [])
    assert [type(error) for error in lab.errors] == [ValueError]
    assert "SqlSink has no fault point 'write 99': choose another one." in lab.sentence


def test_sweeping_again_keeps_the_choice_and_replays_it(lab, whole):
    lab.choose(Point("stage 2", "pull 3"))
    before = lab.failure
    drive(lab, "sweep")
    assert lab.chosen == Point("stage 2", "pull 3")
    assert lab.failure is not before
    agree(lab, whole)


@settings(max_examples=6, deadline=None)
@given(actions=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), max_size=5))
def test_any_sequence_of_actions_ends_in_what_the_plain_function_says(small, actions):
    before, held = set(ipywidgets.widgets.widget._instances), ledger.held()
    lab = FaultMap(build)
    for which, value in actions:
        name = [*lab.controls][which]
        if name == "sweep":
            drive(lab, name)
        else:
            known = values(lab.controls[name])
            drive(lab, name, known[value % len(known)])
    agree(lab, small)
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before
    assert ledger.held() == held


def test_a_broken_stage_gives_a_sentence_and_is_swept_again_when_it_is_mended():
    stage = Forgets
    lab = FaultMap(lambda: (ListSource([2, 1, 0]), [stage()], ListSink()))
    assert "Forgets.process(stream) returned None" in lab.sentence
    assert (lab.voice.mark, lab.map.picture, lab.errors) == ("error", "", [])
    assert values(lab.controls["place"]) == [""]
    stage = Double
    drive(lab, "sweep")
    assert lab.sentence.startswith("13 places where this pipeline can fail")
    drive(lab, "place", "stage 1")
    assert lab.sentence.startswith("Double fails at pull 1")
    stage = Raises
    drive(lab, "sweep")
    assert "ZeroDivisionError in Raises" in lab.sentence
    assert (lab.chosen, lab.failure) == (None, None)
    lab.close()


def test_progress_is_shown_when_it_takes_longer_than_two_seconds(monkeypatch):
    told = []
    monkeypatch.setattr(FaultMap, "progress", lambda self, *told_so_far: told.append(told_so_far))
    lab = FaultMap(build)
    assert told == []
    monkeypatch.setattr("lessons.lab.widgets.faultmap.monotonic", iter(range(0, 9_000, 1)).__next__)
    drive(lab, "sweep")
    total = 2 * (len(lab.outcome.outcomes(context=True)) + 2)
    assert told == [(done, total, "run") for done in range(2, total)]
    lab.close()


class Notebook:
    """As much of a notebook's shell as tells when a cell is done."""

    kernel = "there is one"

    def __init__(self):
        self.events, self.waiting = self, []

    def register(self, event, action):
        assert event == "post_run_cell"
        self.waiting.append(action)

    def unregister(self, event, action):
        self.waiting.remove(action)

    def end_of_cell(self):
        for action in self.waiting[:]:
            action("the result of the cell")


@pytest.fixture
def notebook(monkeypatch):
    shell = Notebook()
    modules = {"IPython": SimpleNamespace(get_ipython=lambda: shell)}
    monkeypatch.setattr("lessons.lab.widgets.faultmap.sys", SimpleNamespace(modules=modules))
    return shell


def test_in_a_notebook_it_is_shown_first_and_sweeps_when_the_cell_is_done(notebook, small):
    lab = FaultMap(build)
    assert (lab.map.picture, lab.sentence[:8]) == ("", "Working:")
    assert repr(lab) == "FaultMap: Every place at which this pipeline can fail"
    notebook.end_of_cell()
    agree(lab, small)
    assert lab.map.picture == page(small)
    assert notebook.waiting == []
    lab.close()


def test_in_a_notebook_who_asks_earlier_does_not_have_to_wait(notebook, small):
    lab = FaultMap(build)
    assert lab.outcome.text() == small.text()
    lab.choose(Point("sink", "write 2", context=True))
    before = lab.outcome
    notebook.end_of_cell()
    assert lab.outcome is before
    agree(lab, before)
    lab.close()


def test_in_a_notebook_one_that_was_closed_sweeps_no_more(notebook):
    lab = FaultMap(lambda: pytest.fail("it was built"))
    lab.close()
    notebook.end_of_cell()
    assert (lab.errors, lab._outcome) == ([], None)


@pytest.mark.parametrize("choices", [30, pytest.param(300, marks=pytest.mark.deep)])
def test_any_choices_leave_nothing_open(choices):
    chance, cheap = random.Random(34), of(Double, records=2)
    FaultMap(cheap).close()  # matplotlib keeps the files of its fonts open from the first picture on
    held, counted, before = ledger.held(), ledger.system(), set(ipywidgets.widgets.widget._instances)
    lab = FaultMap(cheap)
    known = points(lab.outcome)
    for _ in range(choices):
        lab.choose(chance.choice(known))
    assert lab.errors == []
    lab.close()
    assert (ledger.held(), ledger.system()) == (held, counted)
    assert set(ipywidgets.widgets.widget._instances) == before


def test_without_matplotlib_the_map_is_text(monkeypatch, whole):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert (
        page(whole)
        == '<p class="lc-soft">There is no matplotlib here, so there is no map: it is below as text.</p>'
    )


def test_when_in_words():
    assert [when(one) for one in ("open", "pull 3", "write 4", "end", "close")] == [
        "when it opens",
        "at pull 3",
        "at write 4",
        "when its stream closes",
        "when it closes",
    ]


def test_an_empty_outcome_has_no_points():
    assert MapOutcome().found(Point("sink", "open")) is None
