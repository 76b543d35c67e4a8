"""FailureLab shows what its experiment says: every control, every value, and any sequence of actions."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from ipywidgets.widgets.widget import _instances

import lessons
from lessons.lab.base import drive, values
from lessons.lab.experiments.chain import SPREADS, Chain, ChainSettings, Fault, play
from lessons.lab.experiments.watch import ERRORS
from lessons.lab.widgets import chainview
from lessons.lab.widgets.chainview import message, record
from lessons.lab.widgets.failure import PATTERNS, PHASES, FailureLab
from lifecycle import ledger

PLACES = ["source", "stage 1", "stage 2", "stage 3", "loop", "sink"]
SETTINGS = ["place", "phase", "record", "error", "times", *PATTERNS, "spread"]
ACTIONS = ["step", "inside", "run", "restart", "reset"]


@pytest.fixture
def lab() -> Iterator[FailureLab]:
    held, system, models = ledger.held(), ledger.system(), set(_instances)
    made = FailureLab()
    try:
        yield made
    finally:
        made.close()
    assert made.errors == []
    assert (ledger.held(), ledger.system(), set(_instances)) == (held, system, models)


def press(lab: FailureLab, place: str) -> None:
    """Press a bolt as the browser does, and raise what the callback raised."""
    before = len(lab.errors)
    lab.drawing._handle_custom_msg({"strike": place}, [])
    if len(lab.errors) > before:
        raise lab.errors[before]


def agrees(lab: FailureLab, state: Any) -> None:
    """The view shows this state, in all of its places."""
    drawn = {key: value for key, value in lab.drawing.state.items() if key != "frames"}
    assert drawn == message(state)
    kept, said = lab.events.state, record(state, lab.chain.system)
    assert (kept["log"], kept["held"][:-1]) == (said["log"], said["held"][:-1])
    assert lab.sentence == state.sentence
    assert lab.voice.twin == state.text()
    assert lab.controls["step"].description in ("Open the parts", "Step one pull")
    json.dumps(lab.drawing.state)


def test_it_is_offered_by_name() -> None:
    assert lessons.FailureLab is FailureLab


def test_it_opens_with_few_controls_and_the_rest_under_more(lab: FailureLab) -> None:
    few = [name for name in lab.controls if lab.controls[name] in _shown(lab)]
    assert few == [*ACTIONS, "motion", "more"]
    assert set(lab.controls) - set(few) == {*SETTINGS}


def _shown(lab: FailureLab) -> list[Any]:
    row = lab.children[0]
    return list(row.children)


@pytest.mark.parametrize("action", ACTIONS)
def test_each_button_does_what_the_experiment_does(lab: FailureLab, action: str) -> None:
    drive(lab, "step")
    drive(lab, action)
    agrees(lab, play(["step", action]))


@pytest.mark.parametrize("place", PLACES)
def test_each_bolt_strikes_its_part(lab: FailureLab, place: str) -> None:
    drive(lab, "step")
    press(lab, place)
    agrees(lab, play(["step", place]))
    drive(lab, "step")
    agrees(lab, play(["step", place, "step"]))


def test_every_value_of_every_control_shows_what_the_experiment_says(lab: FailureLab) -> None:
    drive(lab, "place", "stage 3")
    for name in SETTINGS:
        control = lab.controls[name]
        first = control.value
        for value in values(control):
            drive(lab, name, value)
            drive(lab, "run")
            with Chain(expected(lab)) as plain:
                agrees(lab, plain.run())
            drive(lab, "reset")
        drive(lab, name, first)


def expected(lab: FailureLab) -> ChainSettings:
    """The settings that the controls stand for, put together anew."""
    value = {name: control.value for name, control in lab.controls.items() if hasattr(control, "value")}
    faults: tuple[Fault, ...] = ()
    if value["place"]:
        phase = value["phase"]
        at_record = phase == "record"
        if at_record:
            phase = "write" if value["place"] == "sink" else "pull"
        at = value["record"] if at_record else None
        faults = (Fault(value["place"], phase, at, ERRORS[value["error"]]),) * value["times"]
    patterns = {name: value[name] for name in PATTERNS}
    return ChainSettings(spread=value["spread"], faults=faults, **patterns)


def test_the_first_button_says_what_it_will_do(lab: FailureLab) -> None:
    step, told = lab.controls["step"], []
    for _ in range(3):
        told.append(step.description)
        drive(lab, "step")
    assert told == ["Open the parts", "Step one pull", "Step one pull"]
    drive(lab, "run")
    assert step.description == "Open the parts"
    drive(lab, "step")
    assert (lab.chain.state.phase, lab.chain.state.accepted) == ("open", 0)


def test_each_pattern_is_switched_on_and_off_alone_and_together(lab: FailureLab) -> None:
    """What the experiment's own parts show of each: no context, no retry, no figures, no validation."""
    drive(lab, "place", "source")
    drive(lab, "record", 3)
    for on in itertools.product([False, True], repeat=len(PATTERNS)):
        chosen = dict(zip(PATTERNS, on, strict=True))
        with lab.held():
            for name, value in chosen.items():
                drive(lab, name, value)
        drive(lab, "reset")
        drive(lab, "run")
        state = lab.chain.state
        with Chain(expected(lab)) as plain:
            agrees(lab, plain.run())
        assert (state.counted is None) != chosen["context"]
        assert (state.phase == "done") == chosen["retry"]
        assert bool(state.parts[1].measured) == chosen["measure"]
        drive(lab, "spread", "'7.3' (text)")
        assert ("PipelineConfig.spread" in lab.sentence) == chosen["validation"]
        drive(lab, "spread", "7.3")


def test_motion_sends_the_moments_of_the_pull_and_only_when_it_is_on(lab: FailureLab) -> None:
    drive(lab, "step")
    assert "frames" not in lab.drawing.state
    drive(lab, "motion", True)
    drive(lab, "step")
    with Chain() as plain:
        plain.step(), plain.step()
        assert lab.drawing.state["frames"] == [message(frame) for frame in plain.frames()]
    assert lab.drawing.motion


def test_a_message_is_small(lab: FailureLab) -> None:
    for _ in range(6):
        drive(lab, "step")
    assert len(json.dumps(lab.drawing.state)) < 6_000


def test_a_students_own_pipeline(lab: FailureLab) -> None:
    class Letters:
        def stream(self) -> Any:
            yield from "abc"

    class Loud:
        def process(self, stream: Any) -> Any:
            for letter in stream:
                yield letter.upper()

    own = FailureLab(lambda: (Letters(), [Loud()], None))
    try:
        assert "validation" not in own.controls
        assert values(own.controls["place"]) == ["", "source", "stage 1", "loop"]
        drive(own, "run")
        assert own.chain.state.accepted == 3
        press(own, "stage 1")
        drive(own, "run")
        assert own.sentence.startswith("OSError in Loud at its pull 1.")
        assert own.drawing.state["pool"] is None
    finally:
        own.close()


def test_two_stages_of_one_class_have_a_control_and_a_bolt_each() -> None:
    class Letters:
        def stream(self) -> Any:
            yield from "abc"

    class Loud:
        def process(self, stream: Any) -> Any:
            for letter in stream:
                yield letter.upper()

    lab = FailureLab(lambda: (Letters(), [Loud(), Loud()], None))
    try:
        labels = [label for label, _ in lab.controls["place"]._options_full]
        assert labels == ["nowhere", "Letters", "Loud (stage 1)", "Loud (stage 2)", "run()"]
        press(lab, "stage 2")
        drive(lab, "run")
        assert lab.sentence.startswith("OSError in Loud (stage 2) at its pull 1.")
    finally:
        lab.close()


def test_a_build_that_fails_leaves_the_lab_usable() -> None:
    works = False

    class Letters:
        def stream(self) -> Any:
            yield from "abc"

    def build() -> Any:
        return (Letters(), [], None) if works else 1 / 0

    lab = FailureLab(build)
    try:
        assert "build() raised ZeroDivisionError" in lab.sentence
        works = True
        drive(lab, "restart")
        drive(lab, "run")
        assert (lab.chain.state.accepted, lab.errors) == (3, [])
    finally:
        lab.close()


def test_a_strike_at_a_part_that_is_not_there_is_said_and_kept_as_an_error(lab: FailureLab) -> None:
    lab.drawing._handle_custom_msg({"strike": "stage 9"}, [])
    assert isinstance(lab.errors.pop(), ValueError)
    assert "no part 'stage 9'" in lab.sentence
    drive(lab, "step")


def test_a_cell_that_runs_again_leaves_nothing_open_of_the_run_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    executions = iter(["first", "second", "third"])
    monkeypatch.setattr("lessons.lab.base.running_cell", lambda: ("a cell", next(executions)))
    monkeypatch.setattr("lessons.lab.base._shown", {})
    held, system, models = ledger.held(), ledger.system(), set(_instances)
    counts = []
    for _ in range(3):
        lab = FailureLab()
        lab._repr_mimebundle_()
        drive(lab, "context", False)
        for _ in range(3):
            drive(lab, "step")
        press(lab, "sink")
        drive(lab, "step")
        drive(lab, "restart")
        drive(lab, "step")
        now = ledger.system()
        counts.append((len(ledger.held()), now.files, now.sockets, len(_instances)))
    assert (
        counts[0][0] == len(held) + 4
    )  # a file and a connection of a run that leaked, and of one that stands
    assert counts == counts[:1] * 3
    lab.close()
    assert (ledger.held(), ledger.system(), set(_instances)) == (held, system, models)


def test_closing_twice_is_harmless() -> None:
    lab = FailureLab()
    drive(lab, "step")
    lab.close()
    lab.close()


def test_the_drawing_and_its_look_are_shipped_with_the_package() -> None:
    folder = Path(chainview.__file__).parent
    for name in ("chainview.js", "chainview.css", "eventlog.js"):
        assert (folder / name).read_text(encoding="utf-8")
    for view in (chainview.ChainView(), chainview.EventLog()):
        assert "export default" in view._esm
        view.close()


class Lessons(RuleBasedStateMachine):
    """Any sequence of clicks, beside the plain experiment that does the same."""

    def __init__(self) -> None:
        super().__init__()
        self.before = ledger.held(), ledger.system(), set(_instances)
        self.lab, self.plain = FailureLab(), Chain()

    @rule(action=st.sampled_from([*ACTIONS, "step", "step", "inside"]))
    def act(self, action: str) -> None:
        drive(self.lab, action)
        getattr(self.plain, action)()

    @rule(place=st.sampled_from(PLACES))
    def strike(self, place: str) -> None:
        press(self.lab, place)
        self.plain.arm(place)

    @rule(
        name=st.sampled_from(SETTINGS),
        data=st.data(),
    )
    def set(self, name: str, data: st.DataObject) -> None:
        drive(self.lab, name, data.draw(st.sampled_from(values(self.lab.controls[name]))))
        if expected(self.lab) != self.plain.settings:
            self.plain.reset(expected(self.lab))

    @invariant()
    def shows_what_the_experiment_says(self) -> None:
        agrees(self.lab, self.plain.state)
        assert self.lab.chain.state == self.plain.state
        assert self.lab.errors == []

    def teardown(self) -> None:
        self.lab.close()
        self.plain.close()
        assert (ledger.held(), ledger.system(), set(_instances)) == self.before


def test_any_sequence_of_actions_shows_what_the_experiment_says_and_leaves_nothing_open() -> None:
    run_state_machine_as_test(
        Lessons,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_phase_and_spread_of_the_experiment_has_its_control(lab: FailureLab) -> None:
    assert values(lab.controls["phase"]) == list(PHASES.values())
    assert values(lab.controls["spread"]) == list(SPREADS)
    assert isinstance(lab.controls["step"], ipywidgets.Button)
