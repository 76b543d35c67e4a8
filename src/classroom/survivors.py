"""Judge mutants, and report the survivors: those that a check accepts as right.

A survivor is a defect of the check, or it is equivalent: it does everything that its task requires.
Equivalent ones are listed in `equivalent.toml` beside the exercise's solutions, each with a reason. All
others are reported.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import psutil

from classroom.mutants import OPERATORS, Mutant, key, mutants
from classroom.solutions import Solution, solutions
from classroom.tested import PROGRAMS, Programs
from classroom.trouble import Trouble
from lessons.exercises import Exercise, exercises, stub
from lessons.judge.trial import examine, prepare

LIST = "equivalent.toml"
VERSION = 1
"""The version of the list's format."""

SECONDS, TIMES = 5.0, 5
"""A mutant hangs if it takes this many seconds and this many times as long as the slowest right answer."""

NOT_OF_TESTS = ("constant",)
"""Steps that are not made in an answer that is itself a test, because its numbers are examples."""
OF_PROGRAMS = ("reference-kept",)
"""Steps that are made only in programs under test."""

SEED = "mutants"
"""The seed of the checks. With a new seed in each run, a mutant would survive only in some runs."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Equivalent:
    """One entry of a list: the mutant's key, its change in one line, and why it still fulfils the task.

    second: whether a second reader agrees.
    """

    key: str
    change: str
    reason: str
    second: bool


@dataclass(frozen=True)
class Case:
    """One question for a process of its own: does this judge accept this mutant?

    judge: the stored test that judges changed programs; "" for the exercise's check.
    """

    exercise: str
    mutant: Mutant
    judge: str
    ask: Callable[[], bool]


@dataclass
class Row:
    """The results of the mutants of one exercise's answers, or of its programs under test.

    `accepted` has, for each mutant's key, the judges that accepted it. `listed` is the exercise's list.
    `judges` is the number of judges for each mutant: one check, or all stored right tests.
    """

    exercise: str
    programs: bool
    made: list[Mutant]
    listed: dict[str, Equivalent]
    judges: int = 1
    accepted: dict[str, list[str]] = field(default_factory=dict)
    hung: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def survivors(self) -> list[Mutant]:
        """The mutants that were accepted and are not listed as equivalent."""
        equivalent = {one.key for one in self.equivalent}
        return [one for one in self.made if one.key in self.accepted and one.key not in equivalent]

    @property
    def equivalent(self) -> list[Mutant]:
        """The accepted mutants that are listed, and the programs that pass every stored right test.

        A program is a survivor if the tests disagree: one of them is wrong then, or the other ones are.
        """
        accepted = (one for one in self.made if one.key in self.accepted)
        return [one for one in accepted if one.key in self.listed or self._passes_all(one)]

    def _passes_all(self, mutant: Mutant) -> bool:
        return self.programs and len(self.accepted[mutant.key]) == self.judges

    def cells(self) -> list[str]:
        """The row of the table."""
        numbers = (
            len(self.made), len(self.made) - len(self.accepted), len(self.hung), len(self.equivalent),
            len(self.survivors),
        )  # fmt: skip
        return [self.name, *map(str, numbers), f"{self.seconds:.0f} s"]

    @property
    def name(self) -> str:
        """Its name in the table."""
        return f"{self.exercise} (programs)" if self.programs else self.exercise


HEAD = ["exercise", "made", "rejected", "of these hung", "equivalent", "survivors", "time"]


def equivalents(folder: Path) -> dict[str, Equivalent]:
    """The list in a folder of solutions, by key; empty where there is no list.

    Raises `Trouble` for a list that cannot be read or that lacks something.
    """
    path = folder / LIST
    if not path.is_file():
        return {}
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Trouble(f"{path} is not TOML: {error}.") from error
    if read.get("version") != VERSION:
        raise Trouble(f"{path} has the version {read.get('version')!r}. Allowed is version = {VERSION}.")
    wanted = {"key": str, "change": str, "reason": str, "second": bool}
    found: dict[str, Equivalent] = {}
    for entry in read.get("mutant", []):
        kinds = {name: type(value) for name, value in entry.items()}
        if kinds != wanted or not all(entry[name] for name in ("key", "change", "reason")):
            raise Trouble(
                f"{path} has the entry {entry}. An entry has the texts key, change and reason, and "
                "second = true or second = false."
            )
        if entry["key"] in found:
            raise Trouble(f"{path} has two entries with the key {entry['key']}.")
        found[entry["key"]] = Equivalent(**entry)
    return found


def judged(
    folder: Path, only: Iterable[str] = (), *, sample: tuple[int, str] | None = None,
    operators: Iterable[str] = (), at_once: int = 0, say: Say = lambda line: None,
) -> list[Row]:  # fmt: skip
    """Make the mutants of all exercises, or of some, and judge each.

    folder: where the solutions are. sample: how many mutants of each exercise, and a word from which they are
    drawn. operators: if given, only these are used. at_once: how many processes; by default one for each
    core. say: receives the state after each question.

    Raises `Trouble` if a stored right solution is not accepted; with a sample, this is not tested.
    """
    prepare()
    wanted, at_once = set(only), at_once or os.cpu_count() or 1
    without = [name for name in OPERATORS if operators and name not in set(operators)]
    chosen = [one for one in exercises().values() if not wanted or one.id in wanted]
    right = {one.id: [answer for answer in solutions(folder, [one.id]) if answer.right] for one in chosen}
    limits = dict.fromkeys(right, 2 * SECONDS) if sample else _limits(right, at_once, say)
    rows: dict[tuple[str, bool], Row] = {}
    cases = []
    for exercise in chosen:
        listed = equivalents(folder / exercise.id)
        for programs, make in ((False, _answers), (True, _programs)):
            made = make(folder, exercise, without)
            if sample and len(made) > sample[0]:
                made = random.Random(f"{sample[1]} {exercise.id}").sample(made, sample[0])
            if made:
                judges = len(right[exercise.id]) if programs else 1
                rows[exercise.id, programs] = Row(exercise.id, programs, made, listed, judges)
                ask = _of_programs if programs else _of_answers
                cases += [case for mutant in made for case in ask(exercise, mutant, right[exercise.id])]
    for number, (case, accepted, seconds) in enumerate(_asked(cases, limits, at_once), 1):
        row = rows[case.exercise, bool(case.judge)]
        row.seconds += seconds
        if accepted is None:
            row.hung.add(case.mutant.key)
        if accepted:
            row.accepted.setdefault(case.mutant.key, []).append(case.judge)
        say(f"{number} of {len(cases)} judged, now {case.exercise}")
    return list(rows.values())


def _limits(right: dict[str, list[Solution]], at_once: int, say: Say) -> dict[str, float]:
    """The time limit for mutants of each exercise, from the times of its right answers.

    Raises `Trouble` if one of these answers is not accepted.
    """
    cases = []
    for id, answers in right.items():
        for one in answers:
            same = Mutant("original", one.name, 0, one.source, key(one.source), ())
            cases += _of_answers(exercises()[id], same, [])
    longest = dict.fromkeys(right, 0.0)
    plenty = dict.fromkeys(right, 120.0)
    for case, accepted, seconds in _asked(cases, plenty, at_once):
        if not accepted:
            raise Trouble(
                f"{case.exercise}-{case.mutant.original} is right, but its check does not accept it. Run "
                f"`classroom matrix {case.exercise}` first: until that is fixed, its mutants mean nothing."
            )
        longest[case.exercise] = max(longest[case.exercise], seconds)
        say(f"{case.exercise}: {case.mutant.original} is accepted")
    return {id: max(SECONDS, TIMES * longest[id]) for id in right}


def _answers(folder: Path, exercise: Exercise, without: list[str]) -> list[Mutant]:
    """The mutants of the right answers, without those that equal another stored answer or the stub."""
    stored = solutions(folder, [exercise.id])
    known = {key(one.source) for one in stored} | {key(stub(exercise.id))}
    without = [*without, *OF_PROGRAMS, *(NOT_OF_TESTS if exercise.kind == "test" else ())]
    made: dict[str, Mutant] = {}
    for answer in stored:
        for one in mutants(answer.source, answer.name, without) if answer.right else ():
            if one.key not in known:
                made.setdefault(one.key, one)
    return list(made.values())


def _programs(folder: Path, exercise: Exercise, without: list[str]) -> list[Mutant]:
    return PROGRAMS[exercise.id].mutants(folder, without) if exercise.id in PROGRAMS else []


def _of_answers(exercise: Exercise, mutant: Mutant, right: list[Solution]) -> list[Case]:
    changed = Solution(exercise.id, mutant.original, "", mutant.source)
    return [Case(exercise.id, mutant, "", partial(_full_points, changed))]


def _of_programs(exercise: Exercise, mutant: Mutant, right: list[Solution]) -> list[Case]:
    programs = PROGRAMS[exercise.id]
    return [
        Case(exercise.id, mutant, one.name, partial(_passes, programs, one, mutant, exercise))
        for one in right
    ]


def _full_points(answer: Solution) -> bool:
    """Whether a check accepts an answer as right. An answer that cannot even be defined is not accepted."""
    try:
        given = answer.answer()
    except BaseException:
        return False
    verdict = examine(answer.exercise, given, seed=SEED)
    # A copy that did not start says nothing about the answer: the machine was too busy.
    again = examine(answer.exercise, given, seed=SEED) if verdict.unjudged else verdict
    return again.status == "correct"


def _passes(programs: Programs, test: Solution, mutant: Mutant, exercise: Exercise) -> bool:
    return not programs.caught(test.answer(), mutant.source, exercise)


def _asked(
    cases: list[Case], limits: dict[str, float], at_once: int
) -> Iterator[tuple[Case, bool | None, float]]:
    """Each case with its answer and its time, as they end; the answer is None for one that hung."""
    waiting = deque(cases)
    running: dict[Any, tuple[Case, ForkProcess, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                case = waiting.popleft()
                receiving, child = _started(case.ask)
                running[receiving] = (case, child, time.monotonic())
            ended = set(wait(list(running), timeout=0.2))
            for receiving, (case, child, begun) in list(running.items()):
                seconds = time.monotonic() - begun
                if receiving in ended or seconds > limits[case.exercise]:
                    del running[receiving]
                    accepted = _heard(receiving) if receiving in ended else None
                    _end(child)
                    yield case, accepted, seconds
    finally:
        for _, child, _ in running.values():
            _end(child)


def _started(ask: Callable[[], bool]) -> tuple[Connection, ForkProcess]:
    if not hasattr(os, "fork"):
        raise Trouble(
            "Mutants are judged in copies of this process, which this system cannot make. Use Linux."
        )
    receiving, sending = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_child, args=(ask, sending))
    child.start()
    sending.close()
    return receiving, child


def _child(ask: Callable[[], bool], sending: Connection) -> None:
    """Send the reply and end at once, without cleaning up what the student's answer left behind."""
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silent, stream)
    try:
        sending.send(ask())
    finally:
        os._exit(0)


def _heard(receiving: Connection) -> bool:
    """What a child reported; a child that died counts as "no"."""
    try:
        return bool(receiving.recv())
    except (EOFError, OSError):
        return False
    finally:
        receiving.close()


def _end(child: ForkProcess) -> None:
    """End a child and all that it has started."""
    with contextlib.suppress(psutil.Error):
        for process in [*psutil.Process(child.pid).children(recursive=True), psutil.Process(child.pid)]:
            with contextlib.suppress(psutil.Error):
                process.kill()
    child.join()


def stale(rows: list[Row]) -> list[str]:
    """A sentence for each listed mutant that is not made any more or is rejected now.

    A mutant that hung is not among them: on a busy machine it may only have been slow.
    """
    accepted: dict[str, set[str]] = {}
    for row in rows:
        accepted.setdefault(row.exercise, set()).update(row.accepted, row.hung)
    listed = {row.exercise: row.listed for row in rows}
    return [
        f"{exercise}: {LIST} lists {one.key} ({one.change}), but no mutant with this key is accepted now. "
        "Remove the entry."
        for exercise, entries in listed.items()
        for one in entries.values()
        if one.key not in accepted[exercise]
    ]


def told(row: Row) -> Iterator[str]:
    """The survivors of a row in readable form: where the step is, and the lines that it changed."""
    for one in row.survivors:
        judges = row.accepted[one.key]
        yield f"{row.name}: {one}" + (f", passes {', '.join(judges)}" if row.programs else "")
        yield from (f"    {line}" for line in one.change)


def save(rows: list[Row], folder: Path) -> None:
    """Write each survivor as a file, in a folder for each exercise."""
    for row in rows:
        for one in row.survivors:
            place = folder / row.exercise / ("programs" if row.programs else "")
            place.mkdir(parents=True, exist_ok=True)
            name = f"{one.operator}_{one.original.replace('/', '_')}_{one.line}_{one.key}.py"
            (place / name).write_text(one.source + "\n", encoding="utf-8")
