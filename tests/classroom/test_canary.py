"""A forged check shows: by a wrong solution that passes, by code that is not as it was, by its words."""

from __future__ import annotations

import builtins
import json
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import coursework
import pytest
from coursework import IDS, SOLUTIONS, TERM, solution, wrong

from classroom import canary, inside
from classroom.execute import Job
from classroom.intake import Template
from lessons import check, progress
from lessons.exercises import exercises
from lessons.judge import checking as exercising
from lessons.judge import trial
from lessons.judge.verdict import Aspect, Verdict
from lifecycle import faults

FIRST = IDS[0]
WORTH = exercises()[FIRST].worth
NAME = exercises()[FIRST].answer
CHECK = f'check("{FIRST}", {NAME}).points'
TEMPLATE = Template.read(json.dumps(coursework.release(*IDS)).encode())


def job(student: str = "ada", variant: str = TERM) -> Job:
    files = sorted((SOLUTIONS / FIRST).glob("wrong_*.py"))
    wrong = tuple((file.stem, file.read_text(encoding="utf-8")) for file in files)
    return Job("leaks", student, b"", b"", variant, {FIRST: wrong})


def chosen(one: Job, exercise: str) -> tuple[canary.Solutions, canary.Solutions]:
    key = f"{one.variant}:{one.student}:{exercise}"
    return canary.chosen(one.solutions.get(exercise, ()), key)


@pytest.fixture
def guard() -> Iterator[inside.Guard]:
    """What the grader keeps, without its hook: from a process nobody takes that away again."""
    from lessons import course

    made = inside.begun(coursework.setup())
    # These tests are no part of a submission, nor is the line that starts a worker of theirs.
    made.roots = (*made.roots, str(coursework.REPOSITORY), "<string>")
    yield made
    course("kit")


@pytest.fixture
def before(guard: inside.Guard) -> dict[str, str]:
    """What the checks are made of in this process."""
    return inside.made()


# Choosing


def test_the_same_student_gets_the_same_canaries_and_others_get_others() -> None:
    assert chosen(job(), FIRST) == chosen(job(), FIRST)
    drawn = {chosen(job(f"student {n}"), FIRST)[0][0][0] for n in range(40)}
    assert len(drawn) > 2
    terms = {chosen(job(variant=f"term-{n}"), FIRST)[0][0][0] for n in range(40)}
    assert len(terms) > 2


def test_before_and_after_are_different_ones_where_there_are_two() -> None:
    first, second = chosen(job(), FIRST)
    assert first != second
    assert chosen(job(), "leaks-x999") == ([], [])


def test_a_check_cell_is_known_by_its_form() -> None:
    forms = {slot.id: canary.exercise(slot) for slot in TEMPLATE.slots if slot.check}
    assert forms == {f"{id}-check": id for id in IDS}


# Wrong solutions


def test_an_honest_check_gives_a_canary_what_it_earns(guard: inside.Guard) -> None:
    solutions = chosen(job(), FIRST)[0]
    asked = inside.canaries(guard, FIRST, NAME, coursework.setup(), solutions, "")
    name, source = solutions[0]
    most = canary.earned(FIRST, name, source, coursework.setup(), CHECK, TERM, WORTH)
    assert most < WORTH
    assert canary.passed(asked, solutions, {name: most}) == ""


def test_what_a_canary_was_told_is_no_progress_of_the_students(guard: inside.Guard) -> None:
    check(FIRST)
    before = str(progress("leaks"))
    inside.canaries(guard, FIRST, NAME, coursework.setup(), chosen(job(), FIRST)[0], "")
    assert str(progress("leaks")) == before
    assert f"{FIRST}: missing" in before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"wrong_1": WORTH}, f"the check gave the wrong solution wrong_1 {WORTH} points, 1 are right."),
        ({"wrong_1": 2}, "the check gave the wrong solution wrong_1 2 points, 1 are right."),
        ({"wrong_1": "ValueError was raised"}, "said nothing of use: ValueError was raised."),
        ({"wrong_1": True}, "said nothing of use: True."),
        ({}, "said nothing of use: None."),
        (None, "could not be checked in this kernel."),
    ],
)
def test_a_canary_that_passes_is_named(given: Any, said: str) -> None:
    found = canary.passed({"given": given}, [["wrong_1", ""]], {"wrong_1": 1})
    assert found.endswith(said)
    assert canary.passed({"given": {"wrong_1": 1}}, [["wrong_1", ""]], {"wrong_1": 1}) == ""


def test_what_a_wrong_solution_earns_is_never_all() -> None:
    assert (
        canary.earned(FIRST, "right", solution(FIRST), coursework.setup(), CHECK, "kit", WORTH) == WORTH - 1
    )
    assert canary.earned("own-x1", "wrong", wrong(FIRST), "", "", "kit", 7) == 6
    assert canary.earned(FIRST, "broken", "1 / 0", "", "", "kit", WORTH) == WORTH - 1


# The seal


def test_what_is_as_it_was_is_sealed_alike(before: dict[str, str]) -> None:
    trial.examine(FIRST, None)
    assert canary.changed(before, inside.made()) == ""
    assert inside.sealed(before, "salt") == inside.sealed(inside.made(), "salt")
    assert inside.sealed(before, "salt") != inside.sealed(before, "pepper")


def _fake(*given: Any, **named: Any) -> Any:
    return None


@pytest.mark.parametrize(
    ("holder", "name", "said"),
    [
        (exercising, "tried", "lessons.judge.checking.tried was replaced."),
        (trial, "tried", "lessons.judge.trial.tried was replaced."),
        (faults, "sweep", "lifecycle.faults.sweep was replaced."),
        (Verdict, "points", "lessons.judge.verdict.Verdict.points"),
        (Verdict, "__eq__", "lessons.judge.verdict.Verdict.__eq__ was replaced."),
        (Verdict, "__getattribute__", "lessons.judge.verdict.Verdict.__getattribute__ was added."),
        (builtins, "sum", "builtins.sum was replaced."),
        (json.JSONEncoder, "encode", "json.encoder.JSONEncoder.encode was replaced."),
        (trial, "len", "lessons.judge.trial.len was added."),
    ],
)
def test_what_was_replaced_is_named(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch, holder: Any, name: str, said: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(holder, name, _fake, raising=False)
        now = inside.made()
    assert canary.changed(before, now).startswith(said)


def test_new_code_in_the_same_function_shows(before: dict[str, str]) -> None:
    function = trial.examine
    code = function.__code__
    try:
        function.__code__ = (lambda id, answer, variant=None: None).__code__
        now = inside.made()
    finally:
        function.__code__ = code
    assert canary.changed(before, now) == "lessons.judge.trial.examine was replaced."


def test_an_exercise_that_is_worth_something_else_shows(before: dict[str, str]) -> None:
    aspects = exercises()[FIRST].aspects
    name = next(iter(aspects))
    worth = aspects[name]
    try:
        aspects[name] = 100
        now = inside.made()
    finally:
        aspects[name] = worth
    assert "aspects" in canary.changed(before, now)


def test_what_a_program_adds_to_a_library_is_its_own_business(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "mine", _fake, raising=False)
    assert canary.changed(before, inside.made()) == ""


def test_a_kernel_that_says_nothing_is_not_trusted() -> None:
    said = "the kernel did not say what its checks are made of."
    assert canary.changed({}, {}) == canary.changed({"a": "1"}, None) == said


# Requests


class Shell:
    """A kernel's shell that keeps what it is to show."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.user_ns: dict[str, Any] = {}
        self.display_pub = self
        self.events = SimpleNamespace(callbacks={})

    def publish(self, data: Any) -> None:
        self.shown.append(data)


KIND = "kind/x"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    return made


def test_the_grader_is_text_that_runs_alone(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[Any] = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    # As in the kernel, nothing of the grader can be imported.
    exec(canary.beginning("n0nce", KIND, coursework.setup()), {})
    [begun] = shell.shown
    assert begun[KIND]["nonce"] == "n0nce" and begun[KIND]["reply"]["made"]
    key = begun[KIND]["reply"]["key"]
    code, text = canary.request("parts", "0nce", KIND, {})
    monkeypatch.setattr(sys, "audit", lambda *given: hooks[0](given[0], given[1:]))
    exec(code, {})
    reply, seen = canary.reply(shell.shown[1][KIND], key, text)
    assert set(reply) == {"made"}
    # It does not take these tests for its own.
    assert [one.endswith(" of the submission.") for one in seen] == [True]


def answered(guard: inside.Guard, shell: Shell, source: str) -> dict[str, Any]:
    """What the grader replies to the check of an answer."""
    inside.run(coursework.setup(), shell.user_ns)
    inside.run(source, shell.user_ns)
    key = guard.key.hex()
    given = {"exercise": FIRST, "answer": NAME, "variant": TERM, "salt": "salt"}
    _, text = canary.request("graded", "0nce", KIND, given)
    inside.serve(guard, text)
    return canary.reply(shell.shown[-1][KIND], key, text)[0]


def test_a_reply_holds_the_verdict_and_how_each_aspect_got_its_points(
    guard: inside.Guard, shell: Shell
) -> None:
    reply = answered(guard, shell, solution(FIRST))
    assert reply["points"] == WORTH and reply["seal"] == inside.sealed(inside.made(), "salt")
    assert reply["stood"] == {name: [worth, ""] for name, worth in exercises()[FIRST].aspects.items()}
    assert canary.doubt(Verdict.from_dict(reply["verdict"]), reply["stood"]) == ""


def test_a_reply_that_somebody_changed_is_none(guard: inside.Guard, shell: Shell) -> None:
    key = guard.key.hex()
    _, text = canary.request("parts", "0nce", KIND, {})
    inside.serve(guard, text)
    shown = shell.shown[-1][KIND]
    assert canary.reply(shown, key, text)[0]
    other = canary.request("parts", "tw1ce", KIND, {})[1]
    for changed, by, of in [
        (shown | {"said": shown["said"].replace("reply", "reply ")}, key, text),
        (shown | {"mark": ""}, key, text), (shown | {"mark": 7}, key, text),
        (shown, key, other), (shown, "00" * 32, text), (shown, "", text), ("text", key, text),
    ]:  # fmt: skip
        assert canary.reply(changed, by, of) == ({}, [])


def test_who_threw_the_key_away_signs_nothing(guard: inside.Guard, shell: Shell) -> None:
    key = guard.key.hex()
    guard.note("gc.get_objects was called.")
    _, text = canary.request("parts", "0nce", KIND, {})
    inside.serve(guard, text)
    assert canary.reply(shell.shown[-1][KIND], key, text) == ({}, ["gc.get_objects was called."])
    for said in ("[", "[]", "{}", '{"seen": 7}', "[" * 100_000):
        assert canary.reply({"said": said, "mark": ""}, key, text) == ({}, [])


HOLDING = """
import sys
exercise = sys.modules["lessons.exercises.exercise"]
def aspect(self, name):
    try: yield
    except BaseException: pass
    worth = self.exercise.aspects[name]
    self._tell(exercise.Aspect(name, worth, worth))
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("exercise.Sheet.aspect = contextmanager(aspect)", "was called by aspect of the submission."),
        ("exercise.Wrong.__init__ = print", "Wrong.__init__ was replaced while the answer ran."),
    ],
)
def test_a_check_changed_by_the_answer_that_it_calls_shows(
    guard: inside.Guard, shell: Shell, body: str, said: str
) -> None:
    source = f"from contextlib import contextmanager\n{HOLDING}\ndef {NAME}(*given):\n    {body}\n"
    if "aspect" not in body:
        source += solution(FIRST).replace("def ", "    def ").replace("\n    ", "\n        ")
        source += f"    return {NAME}(*given)\n"
    reply = answered(guard, shell, source)
    verdict = Verdict.from_dict(reply["verdict"])
    assert verdict.points
    assert said in canary.doubt(verdict, reply["stood"])


def test_points_that_no_exercise_has_are_doubted() -> None:
    aspects = [Aspect(name, worth, worth) for name, worth in exercises()[FIRST].aspects.items()]
    stood: dict[str, Any] = {one.name: [one.points, ""] for one in aspects}

    def doubt(*changed: Aspect, **stands: Any) -> str:
        told = [*changed, *aspects[len(changed) :]]
        return canary.doubt(Verdict(FIRST, "1", TERM, tuple(told)), stood | stands)

    first = aspects[0]
    assert doubt() == ""
    assert "other aspects" in doubt(Aspect(first.name, 100, 100))
    assert "got 100 points" in doubt(Aspect(first.name, first.worth, 100))
    assert "nothing was seen" in doubt(**{first.name: [0, ""]})
    assert "nothing was seen" in doubt(**{first.name: None})
    assert doubt(**{first.name: [first.worth, "something."]}) == "something."
    assert doubt(Aspect(first.name, first.worth), **{first.name: None}) == ""


# The hook


LOOKS = {
    "sys._getframe was called.": [
        "import sys; getattr(sys, '_get' + 'frame')()",
        "import inspect; inspect.stack()",
        "import traceback; next(traceback.walk_stack(None), None)",
        "import contextlib, sys\nwith contextlib.ExitStack() as stack: stack.callback(sys._getframe)",
        "import logging; logging.currentframe()",
    ],
    "sys._current_frames was called.": ["import sys; sys._current_frames()"],
    "tb_frame was read.": ["try: 1 / 0\nexcept Exception as e: getattr(e.__traceback__, 'tb_' + 'frame')"],
    "gc.get_objects was called.": ["import gc; gc.get_objects()"],
    "gc.get_referrers was called.": ["import gc; list(map(gc.get_referrers, [1]))"],
    "code was made in the name of": ["import os; compile('1 + 4141', os.__file__, 'eval')"],
    "code.__new__ was called.": ["(lambda: 1).__code__.replace(co_name='x')"],
    "": [
        "import traceback\ntry: 1 / 0\nexcept Exception: traceback.format_exc()\ntraceback.extract_stack()",
        "import logging; logging.getLogger('x').debug('y'); logging.getLogger('x').findCaller()",
        "from collections import namedtuple; namedtuple('P', 'a b')",
        "from typing import NamedTuple\nclass P(NamedTuple): a: int",
        "from dataclasses import dataclass\n@dataclass\nclass P: a: int",
        "import warnings\nwith warnings.catch_warnings(record=True):\n    warnings.warn('x')",
        "import inspect; inspect.signature(len); inspect.getsource(inspect)",
        "eval('1 + 1'); exec('x = 1'); compile('1', 'mine', 'eval')",
        "import gc; gc.collect()",
        "import json\nclass Late:\n    def __del__(self): json.loads('x')\nLate()",
        "import inspect\ndef some(): yield\ninspect.getgeneratorstate(some())",
        "from unittest import mock\nwith mock.patch('time.sleep'): pass",
        "import doctest; doctest.testmod()",
    ],
}


@pytest.fixture(scope="module")
def looked() -> dict[str, list[Any]]:
    """What the hook noted of each of these programs, and whether the key was left."""
    # In a process of its own: a hook stays.
    program = (
        "import doctest, json, logging, sys, unittest.mock\nfrom classroom import inside\n"
        f"guard = inside.begun({coursework.setup()!r})\nsys.addaudithook(inside.watch(guard))\nnoted = {{}}\n"
        f"def all():\n    for source in {[one for all in LOOKS.values() for one in all]!r}:\n"
        "        guard.key = b'key'; guard.seen.clear()\n"
        "        exec(compile(source, '<ipython-input-1>', 'exec'), {'__name__': '__main__'})\n"
        "        noted[source] = [bool(guard.key), ' '.join(guard.seen)]\n"
        # As deep as a cell lies in a kernel.
        "def deep(left): deep(left - 1) if left else all()\ndeep(9)\nprint(json.dumps(noted))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    noted: dict[str, list[Any]] = json.loads(ran.stdout.strip().splitlines()[-1])
    return noted


@pytest.mark.parametrize(("said", "source"), [(said, one) for said, all in LOOKS.items() for one in all])
def test_who_looks_at_frames_and_objects_is_seen_and_the_key_gone(
    looked: dict[str, list[Any]], said: str, source: str
) -> None:
    left, seen = looked[source]
    assert (said in seen and not left) if said else (seen == "" and left)


# Words


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys._getframe(1)",
        "from inspect import currentframe",
        "import ctypes",
        "import os\nos._exit(0)",
        "from lessons.exercises import exercises",
        "import lessons.judge.trial as t",
        "open('/proc/self/fd/5', 'w')",
        "get_ipython().ast_transformers.append(1)",
        "import gc\ngc.get_objects()",
    ],
)
def test_words_that_no_answer_needs_are_named(source: str) -> None:
    found = canary.look(source, FIRST)
    assert found and all(line.startswith(f"{FIRST} uses what no exercise needs:") for line in found)


@pytest.mark.parametrize(
    "source", [solution(id) for id in IDS] + ["1 +", "%timeit f()", "\x00", "x" * 100_000]
)
def test_an_honest_answer_is_not_suspected(source: str) -> None:
    assert canary.look(source, FIRST) == []


def test_what_is_too_long_to_look_through_is_said() -> None:
    # Its tree would fill the grader's memory, not the sandbox's.
    assert canary.look("a=1\n" * 60_000, FIRST) == [
        f"{FIRST} has 240,000 characters; at most 200,000 are looked through."
    ]


def test_no_right_solution_of_the_kit_is_suspected() -> None:
    for path in SOLUTIONS.glob("*/right_*.py"):
        assert canary.look(path.read_text(encoding="utf-8"), path.parent.name) == [], path
