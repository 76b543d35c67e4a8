"""The experiment behind FailureLab: what it shows is what the frames, the ledger and the database say."""

from __future__ import annotations

import contextlib
import functools
import gc
import inspect
import itertools
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lessons.lab.experiments import limit as limits
from lessons.lab.experiments.chain import SPREADS, Chain, ChainSettings, ChainState, Fault, play
from lessons.lab.experiments.weatherpool import COLUMNS, MONTH
from lifecycle import ledger
from lifecycle.context import PipelineContext
from lifecycle.measure import measuredStage
from lifecycle.retry import retryOnFailure
from lifecycle.sinks import ListSink

COURSE = Path(__file__).resolve().parents[3]


class Numbers:
    """A student's source, which holds one file by the ledger."""

    def __init__(self, count: int = 8) -> None:
        self.count = count

    def __enter__(self) -> Numbers:
        self.entry = ledger.opened("file", "/somewhere/numbers.txt")
        return self

    def __exit__(self, *reason: object) -> None:
        ledger.closed(self.entry)

    def stream(self) -> Any:
        yield from range(1, self.count + 1)


class Plain:
    """A student's source that yields by itself."""

    def stream(self) -> Any:
        for number in (1, 2, 3):
            yield number  # the line of Plain


class Odd:
    def process(self, stream: Any) -> Any:
        for number in stream:
            if number % 2:
                yield number  # the line of Odd


class Measured:
    @measuredStage
    def process(self, stream: Any) -> Any:
        for number in stream:
            yield number  # the line of Measured


class Keep:
    """A student's sink, which holds one connection by the ledger."""

    def __enter__(self) -> Keep:
        self.entry = ledger.opened("connection", "somewhere")
        self.kept: list[Any] = []
        return self

    def __exit__(self, *reason: object) -> None:
        ledger.closed(self.entry)

    def write(self, record: Any) -> None:
        self.kept.append(record)


def numbers() -> tuple[Any, list[Any], Any]:
    return Numbers(), [Odd()], Keep()


def line_of(cls: type) -> int:
    """The line of this file that carries the class's mark."""
    lines, first = inspect.getsourcelines(cls)
    return first + next(i for i, line in enumerate(lines) if f"the line of {cls.__name__}" in line)


def words(state: ChainState) -> dict[str, str]:
    return {part.name: part.stand.word for part in state.parts}


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Any:
    held, system = ledger.held(), ledger.system()
    yield
    assert ledger.held() == held
    assert ledger.system() == system


# What is seen


def test_nothing_is_open_until_the_first_step_and_nothing_moves_in_it() -> None:
    with Chain() as chain:
        assert (chain.state.held, chain.state.phase) == ((), "new")
        state = chain.step()
        opened = [part.resources[0].name for part in state.parts if part.resources]
        assert opened == ["weather.csv", "connection"]
        assert (state.record, state.accepted, state.used) == (0, 0, 1)
        assert "No generator exists yet" in state.sentence


def test_a_suspended_part_shows_the_line_of_its_own_code() -> None:
    with Chain(build=lambda: (Plain(), [Odd(), Measured()], None)) as chain:
        chain.step()
        state = chain.step()
        for part, cls in zip(state.parts, (Plain, Odd, Measured), strict=False):
            assert (part.stand.word, part.stand.line) == ("suspended", line_of(cls)), cls
            assert part.stand.code.startswith("yield number")
            assert part.stand.where == Path(__file__).name
        assert (state.parts[3].stand.word, state.parts[3].stand.where) == ("between pulls", "context.py")


@pytest.mark.parametrize(
    "wrap", [retryOnFailure(), measuredStage, lambda function: measuredStage(retryOnFailure()(function))]
)
def test_the_own_frame_is_found_behind_a_decorator(wrap: Any) -> None:
    class Wrapped:
        stream = wrap(Plain.stream)

    with Chain(build=lambda: (Wrapped(), [], None)) as chain:
        chain.step()
        assert chain.step().parts[0].stand.line == line_of(Plain)


def test_the_own_frame_is_found_behind_the_retry_of_the_lab() -> None:
    with Chain(ChainSettings(retry=True), lambda: (Plain(), [], None)) as chain:
        chain.step()
        assert chain.step().parts[0].stand.line == line_of(Plain)


def test_only_what_pulls_or_writes_can_fail_while_all_generators_are_suspended() -> None:
    places = [part.key for part in Chain().state.parts]
    asleep = {}
    for place in places:
        with Chain() as chain:
            for _ in range(3):
                chain.step()
            chain.arm(place)
            chain.inside()
            state = next(frame for frame in chain.frames() if frame.sentence.startswith("OSError in "))
            generators = state.parts[:4]
            asleep[place] = all(part.stand.status == "suspended" for part in generators)
    assert [place for place, all_asleep in asleep.items() if all_asleep] == ["loop", "sink"]


def test_a_pull_is_shown_crossing_by_crossing() -> None:
    with Chain(build=numbers) as chain:
        chain.step(), chain.step()
        seen = []
        while True:
            state = chain.inside()
            if not state.moment:
                break
            seen.append(state.sentence.split(".")[0])
        assert seen == [
            "run()'s loop calls next(): Odd goes on where it was suspended",
            "Odd calls next(): Numbers goes on where it was suspended",
            "Record 2 is in Odd",
            "Odd hands nothing on for record 2",
            "Record 3 is in Odd",
            "Record 3 is in run()'s loop",
            "run()'s loop writes record 3 to Keep",
            "Keep has accepted record 3: the count is 2",
        ]
        assert chain.state.accepted == 2


def test_a_moment_shows_who_runs_and_who_waits() -> None:
    with Chain(build=numbers) as chain:
        chain.step(), chain.step()
        frames = {frame.sentence.split(".")[0]: frame for frame in (chain.inside(), *chain.frames())}
        inside = frames["Record 2 is in Odd"]
        assert words(inside) == {
            "Numbers": "suspended",
            "Odd": "running",
            "run()": "waiting",
            "Keep": "open, idle",
        }
        assert (inside.record, inside.link, inside.pulling) == (2, 0, (1,))
        written = frames["run()'s loop writes record 3 to Keep"]
        assert words(written)["Keep"] == "writing"
        assert (written.link, written.accepted) == (2, 1)


def test_a_moment_knows_nothing_of_what_came_after_it() -> None:
    with Chain() as chain:
        chain.step(), chain.step()
        chain.arm("sink")
        before = chain.inside()
        assert (before.phase, before.raised, before.closings) == ("open", "", ())
        assert "the transaction is open" in before.mode
        assert (before.parts[-1].armed, before.parts[-1].struck) == ("armed: fails at its next write", False)
        assert not any("OSError" in line for line in before.log)
        struck = next(frame for frame in chain.frames() if frame.sentence.startswith("OSError in SqlSink"))
        assert (struck.phase, struck.parts[-1].armed, struck.parts[-1].struck) == ("closing", "", True)
        assert chain.frames()[-1].held == ()
        assert chain.step().phase == "failed"


def test_step_by_step_and_crossing_by_crossing_end_the_same() -> None:
    with Chain() as whole, Chain() as slow:
        while not whole.step().over:
            slow.inside()
            while slow.state.moment:
                slow.inside()
            assert slow.state == whole.state
        slow.run()
        assert slow.state == whole.state


def test_the_text_is_the_same_every_time_and_on_every_machine() -> None:
    actions = ["step", "step", "stage 3", "run", "run"]
    first, second = play(actions), play(actions)
    assert first.text() == second.text()
    assert first == second
    assert str(COURSE) not in first.text()
    assert "0x" not in first.text()


# Failures, with the context and without


def test_with_the_context_everything_closes_last_first_and_nothing_is_kept() -> None:
    state = play(["run"], ChainSettings(faults=(Fault("stage 3", "pull", 7),)))
    assert state.closings == (
        "Filter's generator",
        "Parse's generator",
        "CsvSource's generator",
        "SqlSink (rolled back)",
        "CsvSource",
    )
    assert (state.accepted, state.kept, state.held, state.leaked) == (6, 0, (), 0)
    assert state.raised == "OSError: struck in Normalise"
    assert "__exit__ returned False" in state.mode
    struck = next(part for part in state.parts if part.struck)
    assert (struck.name, struck.stand.status, struck.stand.code) == ("Normalise", "failed", struck.stand.code)
    assert "yield" in struck.stand.code


def test_a_run_to_the_end_keeps_what_was_accepted() -> None:
    state = play(["run"])
    assert (state.phase, state.accepted, state.kept) == ("done", 7, 7)
    assert state.closings == ("SqlSink (committed)", "CsvSource")


def test_without_the_context_twenty_restarts_exhaust_the_pool_and_a_reset_frees_it() -> None:
    with Chain(ChainSettings(context=False, faults=(Fault("stage 3", "pull", 7),))) as chain:
        for number in range(1, 21):
            state = chain.run()
            assert (state.restart, state.leaked, state.used, state.files) == (number, number, 0, number)
            assert {part.stand.word for part in state.parts[:3]} == {"suspended"}
        state = chain.run()
        assert state.raised.startswith("TimeoutError: sqlite://: QueuePool limit of size 20")
        assert "20 earlier runs hold all 20 slots" in state.sentence
        assert (state.leaked, state.accepted) == (20, 0)
        assert chain.reset().held == ()
        assert chain.reset(ChainSettings()).leaked == 0
        assert chain.run().kept == 7


def test_without_the_context_a_failed_open_leaves_the_parts_before_it_open() -> None:
    with Chain(ChainSettings(context=False, faults=(Fault("sink", "open"),))) as chain:
        state = chain.step()
        assert state.parts[0].resources[0].state == "left open"
        assert state.parts[-1].stand.status == "failed"


def test_the_code_that_pulls_can_fail_and_the_context_closes_what_is_suspended() -> None:
    state = play(["step", "step", "loop", "step"])
    assert "OSError in run() at its pull 2" in state.sentence
    assert state.closings[0] == "Normalise's generator"
    assert (state.kept, state.held) == (0, ())


@pytest.mark.parametrize("context", [True, False])
@pytest.mark.parametrize("phase", ["open", "pull", "write", "end", "close"])
@pytest.mark.parametrize("place", ["source", "stage 1", "stage 2", "stage 3", "loop", "sink"])
def test_every_failure_shows_what_the_ledger_says(place: str, phase: str, context: bool) -> None:
    record = 3 if phase in ("pull", "write") else None
    with Chain(ChainSettings(context=context, faults=(Fault(place, phase, record),))) as chain:
        state = chain.run()
        shown = sum(one.state != "closed" for part in state.parts for one in part.resources)
        assert shown == len(ledger.held()) == len(state.held)
        assert state.leaked + state.used == sum(entry.kind == "connection" for entry in ledger.held())
        if context:
            assert state.held == ()
        assert (state.phase == "failed") == bool(state.raised)


def test_a_run_left_half_way_is_closed_by_the_context_and_by_nobody_else() -> None:
    for context, open_ in ((True, 0), (False, 2)):
        state = play(["step", "step", "restart"], ChainSettings(context=context))
        assert (state.restart, len(state.held), state.phase) == (2, open_, "new")
        assert "left half way" in state.sentence


def test_the_courses_own_pipeline_is_given_all_the_time_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    limited: list[float] = []

    def limit(seconds: float) -> Any:
        limited.append(seconds)
        return contextlib.nullcontext()

    monkeypatch.setattr("lessons.lab.experiments.chain.limit", limit)
    with Chain() as chain:
        assert (chain.state.phase, limited) == ("new", [])
    limited.clear()
    with Chain(build=numbers):
        assert limited


def test_a_second_strike_takes_the_first_one_back() -> None:
    with Chain() as chain:
        chain.step()
        state = chain.arm("stage 2")
        assert state.parts[2].armed == "armed: fails at its next pull"
        assert state.sentence == "Filter is armed: it fails at its next pull."
        state = chain.arm("stage 2")
        assert (state.parts[2].armed, state.sentence) == ("", "Filter is not armed any more.")
        assert chain.arm("sink").parts[-1].armed == "armed: fails at its next write"
        assert chain.run().raised == "OSError: struck in SqlSink"


def test_a_closed_chain_says_that_it_is_closed() -> None:
    chain = Chain()
    chain.step()
    chain.close()
    with pytest.raises(RuntimeError, match="this pipeline is closed: make a new lab"):
        chain.step()


def test_a_reset_that_is_interrupted_leaves_a_run_to_go_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(chain: Chain) -> None:
        bury(chain)
        raise KeyboardInterrupt

    bury = Chain._bury
    with Chain() as chain:
        chain.step()
        with monkeypatch.context() as once:
            once.setattr(Chain, "_bury", interrupted)
            with pytest.raises(KeyboardInterrupt):
                chain.reset()
        assert chain.state.phase == "new"
        assert chain.run().phase == "done"


def test_parts_of_the_same_class_are_told_apart() -> None:
    state = play(["step", "step"], build=lambda: (Plain(), [Odd(), Measured(), Odd()], None))
    assert [part.name for part in state.parts] == [
        *("Plain", "Odd (stage 1)", "Measured", "Odd (stage 3)", "run()")
    ]
    assert "Plain, Odd (stage 1), Measured and Odd (stage 3) are suspended" in state.sentence


def test_an_earlier_run_that_left_nothing_open_is_not_said_to_have() -> None:
    bare = ChainSettings(context=False, faults=(Fault("source", "open"),))
    assert play(["run", "restart"], bare).sentence.endswith("Nothing of it is open yet.")
    bare = ChainSettings(context=False, faults=(Fault("sink", "open"),))
    assert play(["run", "restart"], bare).sentence.endswith("Resources of 1 earlier run are still open.")


def test_a_strike_in_the_middle_of_a_shown_pull_says_which_pull_it_strikes() -> None:
    with Chain() as chain:
        chain.step(), chain.step()
        chain.inside(), chain.inside()
        state = chain.arm("stage 2")
        assert (state.moment, state.parts[2].armed) == (0, "armed: fails at its next pull")
        assert state.sentence.startswith("The pull that you looked into was over before you struck.")
        assert "one: Filter fails at its next pull. SqlSink has accepted" in state.sentence
        assert chain.step().sentence.startswith("OSError in Filter at its pull")
        assert "looked into" not in chain.step().sentence


def test_a_strike_between_two_pulls_or_taken_back_says_nothing_of_a_shown_pull() -> None:
    with Chain() as chain:
        chain.step()
        assert "looked into" not in chain.arm("source").sentence
        assert "looked into" not in chain.arm("source").sentence
        chain.inside()
        assert "looked into" in chain.arm("source").sentence
        assert "looked into" not in chain.arm("source").sentence


def test_a_place_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"no part 'stage 9'.*source, stage 1, stage 2, stage 3, loop, sink"):
        play(["stage 9"])
    with pytest.raises(ValueError, match=r"Fault.phase = 'sometimes'"):
        ChainSettings(faults=(Fault("source", "sometimes"),))
    with pytest.raises(ValueError, match=r"Fault.error = .*LookupError"):
        ChainSettings(faults=(Fault("source", "pull", error=LookupError),))


# Retry and validation


@pytest.mark.parametrize(("times", "accepted", "phase"), [(1, 7, "done"), (2, 7, "done"), (3, 1, "failed")])
def test_retry_opens_the_source_again_until_its_attempts_are_spent(
    times: int, accepted: int, phase: str
) -> None:
    state = play(["run"], ChainSettings(retry=True, faults=(Fault("source", "pull", 3),) * times))
    assert (state.accepted, state.phase) == (accepted, phase)
    assert sum("would wait" in line for line in state.log) == min(times, 2)


def test_retry_does_not_help_against_another_error() -> None:
    fault = Fault("source", "pull", 3, error=ValueError)
    assert play(["run"], ChainSettings(retry=True, faults=(fault,))).phase == "failed"


@pytest.mark.parametrize("spread", [key for key in SPREADS if key != "7.3"])
def test_validation_refuses_before_anything_opens_and_without_it_a_stage_fails(spread: str) -> None:
    early = play(["run"], ChainSettings(spread=spread))
    assert "PipelineConfig.spread" in early.raised
    assert (early.held, early.accepted) == ((), 0)
    assert {part.stand.word for part in early.parts if part.key != "loop"} == {"not made"}
    late = play(["run"], ChainSettings(spread=spread, validation=False))
    assert "Error in Normalise at record 2" in late.sentence


# A student's own pipeline


class Loops:
    def process(self, stream: Any) -> Any:
        for number in stream:
            while True:
                pass
            yield number


class LoopsOn:
    def process(self, stream: Any) -> Any:
        for number in stream:
            while True:
                with contextlib.suppress(Exception):
                    number += 1
            yield number


class Silent:
    def process(self, stream: Any) -> Any:
        for number in stream:
            number + 1


class Later:
    async def process(self, stream: Any) -> Any:
        yield 1


class Whole:
    def process(self, stream: Any) -> Any:
        return 7


class Divides:
    def process(self, stream: Any) -> Any:
        for number in stream:
            yield 1 / (number - 3)


class NeverLeaves:
    def process(self, stream: Any) -> Any:
        try:
            yield from stream
        finally:
            while True:
                pass


class YieldsAtTheEnd:
    def process(self, stream: Any) -> Any:
        try:
            yield from stream
        finally:
            yield "one more"


class Called:
    def __call__(self) -> Any:
        return Plain(), [], None


def yields() -> Any:
    yield Plain(), [], None


async def later() -> Any:
    return Plain(), [], None


def interrupts() -> Any:
    raise KeyboardInterrupt


class Swallows:
    def process(self, stream: Any) -> Any:
        for number in stream:
            try:
                yield number
            except OSError:
                yield -1


@pytest.mark.parametrize("context", [True, False])
@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        (Loops, "Loops ran for 0.2 s and neither yielded, returned nor raised"),
        (LoopsOn, "LoopsOn ran for 0.2 s"),
        (Silent, "Silent.process(stream) returned None: it has no `yield`"),
        (Later, "Later.process(stream) is async"),
        (Whole, "Whole.process(stream) returned int, which is not a stream"),
        (Divides, "ZeroDivisionError in Divides at record 3: division by zero"),
    ],
)
def test_a_stage_that_does_not_work_gives_a_sentence_and_the_chain_goes_on(
    stage: Any, sentence: str, context: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lessons.lab.experiments.chain.PATIENCE", 0.2)
    with Chain(ChainSettings(context=context), lambda: (Numbers(), [stage()], Keep())) as chain:
        state = chain.run()
        assert state.sentence.startswith(sentence)
        assert next(part for part in state.parts if part.key == "stage 1").stand.status == "failed"
        assert bool(state.held) != context
        assert chain.reset().phase == "new"
        assert chain.step().phase == "open"


def test_a_stage_whose_cleanup_never_ends_is_stopped_and_the_rest_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lessons.lab.experiments.chain.PATIENCE", 0.2)
    state = play(["step", "step", "sink", "step"], build=lambda: (Numbers(), [NeverLeaves()], Keep()))
    assert state.sentence.startswith("NeverLeaves ran for 0.2 s")
    # `yield from` hands the close on, so that the source's generator is closed before the `finally` runs.
    assert state.closings[:2] == ("Numbers's generator", "NeverLeaves's generator (its close failed)")
    assert "the run failed as well: OSError: struck in Keep" in state.raised
    assert state.held == ()


def test_a_stage_that_yields_while_it_is_closed_is_named_in_a_note() -> None:
    state = play(["step", "step", "sink", "step"], build=lambda: (Numbers(), [YieldsAtTheEnd()], Keep()))
    assert state.sentence.startswith("OSError in Keep at its write 2.")
    assert "generator ignored GeneratorExit" in state.raised
    assert (state.parts[1].stand.word, state.held) == ("close failed", ())


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (7, "A function that returns source, stages, sink is needed, not an int."),
        ((Plain(), [], None), "is needed, not a tuple. Leave out its parentheses."),
        (lambda source: (source, [], None), "this one does not allow that: missing a required argument"),
        (lambda: 7, "build() returned an int: return source, stages, sink."),
        (lambda: None, "build() returned None: return source, stages, sink."),
        (lambda: (Plain(), []), "build() returned a tuple of 2: return source, stages, sink, with None"),
        (lambda: (Plain(), [], None, None), "build() returned a tuple of 4"),
        (lambda: (Plain, [], None), "build() returned the class Plain as source: call it"),
        (lambda: ([1, 2], [], None), "build() returned a list as source, which has no method stream"),
        (lambda: (Plain(), None, None), "build() returned None for the stages: return a list of them."),
        (lambda: (Plain(), Odd(), None), "build() returned an Odd for the stages"),
        (lambda: (Plain(), "parse", None), "build() returned a str for the stages"),
        (lambda: (Plain(), {"odd": Odd()}, None), "build() returned a dict for the stages"),
        (
            lambda: (Plain(), ["parse"], None),
            "build() returned a str as stage 1, which has no method process",
        ),
        (lambda: (Plain(), itertools.repeat(Odd()), None), "build() returned more than 100 stages"),
        (lambda: (Plain(), [], print), "as sink, which has no method write"),
        (yields, "build() has a `yield` in it, so that calling it runs nothing"),
        (later, "build() is async, so that calling it runs nothing: write `def`, not `async def`."),
        (lambda: 1 / 0, "build() raised ZeroDivisionError: division by zero. There is no pipeline"),
        (lambda: sys.exit(2), "build() raised SystemExit: 2."),
        (interrupts, "build() raised KeyboardInterrupt."),
        (lambda: time.sleep(60), "build() ran for 0.2 s and did not return: it was stopped."),
    ],
)
def test_a_build_that_does_not_work_gives_a_sentence(
    made: Any, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lessons.lab.experiments.chain.PATIENCE", 0.2)
    with Chain(build=made) as chain:
        for state in (chain.state, chain.step(), chain.run(), chain.restart(), chain.reset()):
            assert sentence in state.sentence
            assert [part.key for part in state.parts] == ["loop"]


@pytest.mark.parametrize("made", [functools.partial(lambda stages: (Plain(), stages, None), []), Called()])
def test_whatever_can_be_called_without_arguments_is_a_build(made: Any) -> None:
    assert play(["run"], build=made).accepted == 3


def test_a_long_message_is_cut() -> None:
    def build() -> Any:
        raise ValueError("x" * 5000)

    assert len(play(["run"], build=build).sentence) < 400


def test_an_error_without_a_message_ends_its_sentence() -> None:
    class Interrupts:
        def process(self, stream: Any) -> Any:
            for _ in stream:
                raise KeyboardInterrupt
            yield

    state = play(["run"], build=lambda: (Plain(), [Interrupts()], None))
    assert state.sentence.startswith("KeyboardInterrupt in Interrupts at record 1. Closed")


def test_an_error_in_a_close_is_said_to_be_in_the_close() -> None:
    class Sticks(Numbers):
        def __exit__(self, *reason: object) -> None:
            super().__exit__(*reason)
            raise ValueError("stuck")

    state = play(["run"], build=lambda: (Sticks(), [], None))
    assert state.sentence.startswith("ValueError in Sticks when it closes: stuck.")


def test_a_loop_that_swallows_everything_is_stopped_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lessons.lab.experiments.chain.PATIENCE", 0.2)

    class Clings:
        def process(self, stream: Any) -> Any:
            while True:
                try:
                    yield next(stream)
                except:  # noqa: E722
                    continue

    gc.disable()  # what it collects belongs to other tests, and one ring in twenty would fall into it
    try:
        state = play(["run"], build=lambda: (Plain(), [Clings()], None))
    finally:
        gc.enable()
    assert (state.phase, state.accepted) == ("failed", 3)
    assert state.sentence.startswith("Clings ran for 0.2 s and neither yielded")


def test_records_that_no_source_gave_are_not_called_its_records() -> None:
    class Makes:
        def process(self, stream: Any) -> Any:
            yield from "ab"

    state = play(["step", "step"], build=lambda: (Plain(), [Makes()], None))
    assert state.sentence.startswith("run()'s loop has accepted 2 records, and none of them is from Plain.")


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_part_forgets_to_close_is_said_whatever_the_end(fails: bool) -> None:
    class Forgets(Numbers):
        def __exit__(self, *reason: object) -> None:
            made.append(self)

    made: list[Forgets] = []
    stages = [Divides()] if fails else []
    state = play(["run"], build=lambda: (Forgets(), stages, None))
    ledger.closed(made[0].entry)
    assert "Left open: numbers.txt. Accepted" in state.sentence
    assert state.parts[0].resources[0].state == "left open"


def test_a_generator_that_somebody_pulled_before_is_named() -> None:
    handed = iter(Plain().stream())

    class Once:
        def stream(self) -> Any:
            return handed

    build = lambda: (Once(), [], None)  # noqa: E731
    assert "had run before" not in play(["run"], build=build).sentence
    assert "Once.stream() handed out a generator that had run before" in play(["run"], build=build).sentence


def test_an_async_sink_that_writes_nothing_is_named() -> None:
    class Later:
        async def write(self, record: Any) -> None:
            raise AssertionError

    state = play(["run"], build=lambda: (Plain(), [], Later()))
    note = "Later.write(record) is async, and none of it ran: write `def`, not `async def`. "
    assert state.sentence == f"Plain has no more records. {note}Accepted 3, kept unknown."


def test_without_the_context_and_without_a_ledger_the_suspended_are_named() -> None:
    bare = ChainSettings(context=False, faults=(Fault("loop", "pull", 2),))
    state = play(["run"], bare, lambda: (Plain(), [Odd()], None))
    assert "Nothing was closed: Plain and Odd are suspended still" in state.sentence


def test_what_is_no_generator_is_shown_as_what_it_is() -> None:
    class Maps:
        def process(self, stream: Any) -> Any:
            return map(str, stream)

    with Chain(build=lambda: (Numbers(), [Maps()], None)) as chain:
        chain.step()
        part = chain.step().parts[1]
        assert (part.stand.status, part.stand.word, part.stand.note) == ("plain", "no generator", "map")
        assert chain.run().accepted == 8


def test_a_stage_that_swallows_the_bolt_goes_on() -> None:
    with Chain(build=lambda: (Numbers(), [Swallows()], Keep())) as chain:
        chain.step(), chain.step()
        chain.arm("stage 1")
        assert chain.run().phase == "done"


def test_a_source_without_an_end_is_left_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lessons.lab.experiments.chain.PULLS", 50)

    class Endless:
        def stream(self) -> Any:
            yield from itertools.count()

    with Chain(build=lambda: (Endless(), [], None)) as chain:
        state = chain.run()
        assert "After 50 pulls no end is in sight" in state.sentence
        assert state.phase == "open"


def test_a_pipeline_without_a_sink_only_counts() -> None:
    state = play(["run"], build=lambda: (Plain(), [Odd()], None))
    assert (state.accepted, [part.key for part in state.parts]) == (2, ["source", "stage 1", "loop"])


# The time limit


def test_the_limit_works_on_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lessons.lab.experiments.chain.PATIENCE", 0.2)
    said = []
    thread = threading.Thread(
        target=lambda: said.append(play(["run"], build=lambda: (Numbers(), [Loops()], Keep())).sentence)
    )
    thread.start()
    thread.join()
    assert said[0].startswith("Loops ran for 0.2 s")


@pytest.mark.skipif(not limits._has_alarm(), reason="this system has no timer signal")
def test_the_limit_does_not_break_into_the_cleanup_of_somebody_else() -> None:
    class Slow:
        def __del__(self) -> None:
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                pass
            ended.append(True)

    ended: list[bool] = []
    with pytest.raises(limits.TimeUp), limits.limit(0.2):
        gone = Slow()
        del gone
        while True:
            pass
    assert ended == [True]


def test_the_limit_leaves_the_timer_of_others_running() -> None:
    signal = pytest.importorskip("signal")
    if not hasattr(signal, "setitimer"):
        pytest.skip("this system has no timer signal")
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
    rest = signal.setitimer(signal.ITIMER_REAL, 600)
    try:
        with limits.limit(60):
            pass
        assert 590 < signal.getitimer(signal.ITIMER_REAL)[0] <= 600
        assert signal.getsignal(signal.SIGALRM)(0, None) is None
        assert rang == [True]
    finally:
        signal.setitimer(signal.ITIMER_REAL, *rest)
        signal.signal(signal.SIGALRM, before)


# The weather and its pool


def test_the_weather_is_the_first_rows_of_the_real_file() -> None:
    real = (COURSE / "notebooks" / "data" / "seattle-weather.csv").read_text(encoding="utf-8").splitlines()
    assert [COLUMNS, *MONTH] == real[: len(MONTH) + 1]


def test_kept_is_what_another_connection_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    with Chain() as chain:
        chain.run()
        folder = Path(chain._weather._folder.name)  # type: ignore[union-attr]
        with sqlite3.connect(next(folder.glob("*.sqlite"))) as connection:
            assert connection.execute("SELECT count(*) FROM weather").fetchone() == (7,)
        connection.close()
        assert chain.run().kept == 7, "of this run, not of the one before it"


# At random


@pytest.mark.parametrize("sequences", [100, pytest.param(1000, marks=pytest.mark.deep)])
def test_random_sequences_leave_nothing_open(sequences: int) -> None:
    chance = random.Random(34)
    held, system = ledger.held(), ledger.system()
    actions = ["step", "inside", "run", "restart", "reset", "source", "stage 1", "loop", "sink"]
    phases = ["open", "pull", "write", "end", "close"]
    for _ in range(sequences):
        faults = tuple(
            Fault(chance.choice(actions[5:]), chance.choice(phases), chance.choice([None, 2]))
            for _ in range(chance.randrange(3))
        )
        settings = ChainSettings(context=chance.random() < 0.5, retry=chance.random() < 0.3, faults=faults)
        state = play(chance.choices(actions, k=chance.randrange(1, 9)), settings, numbers)
        assert ledger.held() == held, state.text()
    assert ledger.system() == system


# What is counted, what is kept, what was never reached


def miscounting(monkeypatch: pytest.MonkeyPatch, counts: Callable[[Any, Any], None]) -> None:
    """Put another `PipelineContext` into the lab, one that counts when `write` is called."""

    class Wrong(PipelineContext):
        def _writer(self) -> Any:
            write = super()._writer()

            def counting(record: Any) -> None:
                counts(self, record)
                write(record)

            return counting

    monkeypatch.setattr("lessons.lab.experiments.chain.PipelineContext", Wrong)


def test_the_count_is_there_from_the_start_with_a_context_and_never_without_one() -> None:
    assert (play([]).counted, play([], ChainSettings(context=False)).counted) == (0, None)
    assert play(["run", "restart"]).counted == 0


def test_a_package_that_counts_wrongly_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    right = play(["run"])
    assert (right.counted, right.accepted, right.miscounted) == (7, 7, False)

    def twice(pipeline: Any, record: Any) -> None:
        pipeline._recordCount += record["date"] == "2012/01/04"

    miscounting(monkeypatch, twice)
    wrong = play(["run"])
    assert (wrong.counted, wrong.accepted, wrong.miscounted) == (8, 7, True)
    assert wrong.sentence.endswith(
        " This package counts wrongly: _recordCount is 8, and the lab saw 7 accepted."
    )
    assert "accepted 7, _recordCount 8, kept 7" in wrong.text()
    assert not play(["step", "step"]).miscounted


@pytest.mark.parametrize("phase", ["open", "pull", "write", "end", "close"])
@pytest.mark.parametrize("place", ["source", "stage 2", "sink", "loop"])
def test_the_lab_and_the_pipeline_count_alike_wherever_it_fails(place: str, phase: str) -> None:
    fault = Fault(place, phase, 3 if phase in ("pull", "write") else None)
    with Chain(ChainSettings(faults=(fault,))) as chain:
        while not chain.state.over:
            state = chain.step()
            assert (state.counted, state.miscounted) == (state.accepted, False)
            assert all(frame.counted in (frame.accepted, frame.accepted - 1) for frame in chain.frames())
    assert play(["run"], ChainSettings(context=False, faults=(fault,))).counted is None


KEPT = [
    ([], {}, None, "Accepted means that write() returned; kept means that the sink has committed it."),
    (["step", "step"], {}, 0, "Accepted means that write() returned; kept means that the sink has"),
    (["run"], {}, 7, "The sink committed, so what it accepted is kept."),
    (["run"], {"context": False}, 7, "The sink committed, so what it accepted is kept."),
    (["step", "step", "sink", "run"], {}, 0, "The run failed before the sink committed, so what it accepted"),
    (
        ["step", "step", "sink", "run"],
        {"context": False},
        0,
        "The sink was not closed, so it never committed",
    ),
    (
        ["run"],
        {"faults": (Fault("source", "close"),)},
        7,
        "The sink committed, so what it accepted is kept, and a later failure cannot undo that.",
    ),
]


@pytest.mark.parametrize(("actions", "given", "kept", "why"), KEPT)
def test_why_what_is_kept_can_differ_from_what_was_accepted(
    actions: list[str], given: dict[str, Any], kept: int | None, why: str
) -> None:
    state = play(actions, ChainSettings(**given))
    assert state.kept == (kept or 0)
    assert state.why.startswith(why)
    assert state.why in state.text()


def test_without_a_sink_or_with_a_list_the_sentence_says_what_the_lab_can_see() -> None:
    assert play(["run"], build=lambda: (Plain(), [], None)).why == (
        "There is no sink: a record that arrives is counted, and nothing keeps it."
    )
    assert play(["run"], build=lambda: (Plain(), [], ListSink())).why.startswith("The lab cannot see what")


def test_inside_the_last_pull_nothing_is_kept_before_the_sink_is_closed() -> None:
    with Chain() as chain:
        chain.run()
        frames = chain.frames()
    committed = [
        frame.kept
        for frame in frames
        if any("SqlSink.write(record): closed" in part.text() for part in frame.parts)
    ]
    assert {frame.kept for frame in frames[: -len(committed)]} == {0}
    assert set(committed) <= {0, 7}
    assert frames[-1].kept == 7


def test_the_token_is_the_records_own_value_and_changes_on_its_way() -> None:
    with Chain() as chain:
        chain.step(), chain.step()
        seen = [(frame.record, frame.token) for frame in chain.frames() if frame.token]
        value = chain.state.value
    assert seen == [(1, "'12.8'"), (1, "12.8"), (2, "'10.6'"), *[(2, "10.6")] * 2, *[(2, "1.452")] * 3]
    assert "temp_max: 1.452" in value and "date: '2012/01/02'" in value


@pytest.mark.parametrize(
    ("record", "token"),
    [
        (3, "3"),
        ("a", "'a'"),
        ({"wind": 4.7, "rain": 0.5}, "4.7"),
        ({}, "{}"),
        (object(), "object"),
        ([1.5, 2], "[1.5, 2]"),
        ("x" * 90, "'xxxxxxxxx...xxxxxxxxxx'"),
    ],
)
def test_a_token_is_short_and_the_same_on_every_machine(record: Any, token: str) -> None:
    class One:
        def stream(self) -> Any:
            yield record

    assert play(["step"], build=lambda: (One(), [], ListSink())).token == token


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"faults": (Fault("stage 2", "pull", 30),)},
            "in Filter at pull 30 was never reached: Filter was pulled 8 times.",
        ),
        (
            {"faults": (Fault("sink", "write", 9),)},
            "in SqlSink at write 9 was never reached: SqlSink was written to 7 times.",
        ),
        (
            {"faults": (Fault("stage 2", "open"),)},
            "in Filter when it opens was never reached: Filter has no __enter__ and no __exit__.",
        ),
        (
            {"faults": (Fault("loop", "close"),)},
            "in run() when it closes was never reached: a loop is not opened or closed.",
        ),
        (
            {"faults": (Fault("source", "pull", 3),) * 2},
            "in CsvSource at pull 3 happened 1 time of 2: CsvSource was pulled 3 times.",
        ),
        (
            {"context": False, "faults": (Fault("source", "end"),)},
            "in CsvSource when its stream closes was never reached: its stream was not closed.",
        ),
        (
            {"context": False, "faults": (Fault("source", "close"), Fault("sink", "write", 2))},
            "in CsvSource when it closes was never reached: its __exit__ was not called.",
        ),
        (
            {"faults": (Fault("sink", "close"), Fault("source", "open"))},
            "in SqlSink when it closes was never reached: SqlSink was not opened.",
        ),
    ],
)  # fmt: skip
def test_a_fault_that_was_never_reached_is_told_at_the_end(settings: dict[str, Any], told: str) -> None:
    state = play(["run"], ChainSettings(**settings))
    assert f"The fault set {told}" in state.sentence
    assert "never reached" not in play(["run"], ChainSettings(faults=(Fault("stage 2", "pull", 3),))).sentence


def test_a_bolt_that_has_not_struck_is_told_at_the_end() -> None:
    assert play(["run", "sink"]).sentence.endswith(
        "The bolt on SqlSink has not struck, and waits for the next run."
    )


def test_a_first_step_that_can_open_nothing_pulls() -> None:
    build = lambda: (Plain(), [], None)  # noqa: E731
    assert play(["step"], build=build).accepted == 1
    assert play(["inside"], build=build).sentence.startswith("Plain.stream() was called.")
    assert play(["run", "step"], build=build).accepted == 1
    assert play(["step"]).accepted == 0


# Measuring


def test_measured_streams_run_as_before_and_say_how_many_records_they_yielded() -> None:
    plain, measured = (play(["run"], ChainSettings(measure=on)) for on in (False, True))
    assert (measured.sentence, measured.closings) == (plain.sentence, plain.closings)
    figures = [box.measured for box in measured.parts]
    assert figures == [*["12 records, exhausted"] * 2, *["7 records, exhausted"] * 2, "", ""]
    struck = play(["step", "step", "sink", "step"], ChainSettings(measure=True))
    assert [box.measured for box in struck.parts[:4]] == [
        *["3 records, closed"] * 2,
        *["2 records, closed"] * 2,
    ]
    assert [box.stand.line for box in play(["step", "step"], ChainSettings(measure=True)).parts] == [
        box.stand.line for box in play(["step", "step"]).parts
    ]


def test_a_part_that_cannot_be_measured_says_so() -> None:
    class Listed:
        def process(self, stream: Any) -> Any:
            return list(stream)

    state = play(["run"], ChainSettings(measure=True), lambda: (Plain(), [Listed()], None))
    assert "@measuredStage needs a generator function" in state.sentence
    assert "Write `yield` in it, or switch @measuredStage off." in state.sentence


def test_what_the_kernel_closes_meanwhile_does_not_hide_what_the_chain_leaves_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = Chain()
    counts = iter([ledger.System(3, 5), ledger.System(3, 4), ledger.System(3, 4), ledger.System(3, 5)])
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "system", lambda: next(counts))
        with chain._counted():
            pass
        assert chain.system == ledger.System(0, 0)
        with chain._counted():
            pass
    assert chain.system == ledger.System(0, 1)
