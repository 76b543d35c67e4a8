"""Right answers that are changed by one step: what each operator makes, who judges it, and the list."""

from __future__ import annotations

import os
import re
import time
from importlib import import_module
from pathlib import Path

import psutil
import pytest
from solutions import FOLDER
from toy import toy

from classroom import survivors
from classroom.cli import main
from classroom.matrix import mutants_table
from classroom.mutants import OPERATORS, Mutant, key, mutants
from classroom.survivors import LIST, Case, Row, equivalents, judged, stale, told
from classroom.tested import PROGRAMS
from classroom.trouble import Trouble
from lessons.exercises import exercises

MADE = {
    "shared-state": (
        "class A:\n    def f(self):\n        self.x, other.y = (1, 2)\n        return self.x",
        ["class A:\n    def f(self):\n        type(self).x, other.y = (1, 2)\n        return self.x"],
    ),
    "class-default": (
        "class A:\n    '''Text.'''\n    def f(self, y):\n        self.rows = []\n        self.y = y",
        ["class A:\n    '''Text.'''\n    rows = []\n    def f(self, y):\n        self.y = y"],
    ),
    "return-in-finally": (
        "def f():\n    try:\n        a()\n    finally:\n        b()",
        ["def f():\n    try:\n        a()\n    finally:\n        b()\n        return"],
    ),
    "finally-dropped": (
        "try:\n    a()\nfinally:\n    b()\ntry:\n    c()\nexcept E:\n    d()\nfinally:\n    g()",
        ["a()\ntry:\n    c()\nexcept E:\n    d()\nfinally:\n    g()",
         "try:\n    a()\nfinally:\n    b()\ntry:\n    c()\nexcept E:\n    d()"],
    ),
    "finally-flattened": ("try:\n    a()\nfinally:\n    b()", ["a()\nb()"]),
    "handlers-dropped": (
        "try:\n    a()\nexcept E:\n    b()\nelse:\n    c()\nfinally:\n    d()",
        ["try:\n    a()\n    c()\nfinally:\n    d()"],
    ),
    "except-narrower": (
        "try:\n    a()\nexcept (E, F):\n    b()\nexcept:\n    c()",
        ["try:\n    a()\nexcept (E, F):\n    b()\nexcept Exception:\n    c()",
         "try:\n    a()\nexcept (E, F):\n    b()\nexcept ValueError:\n    c()",
         "try:\n    a()\nexcept (F,):\n    b()\nexcept:\n    c()",
         "try:\n    a()\nexcept (E,):\n    b()\nexcept:\n    c()"],
    ),
    "except-wider": (
        "try:\n    a()\nexcept OSError:\n    b()\ntry:\n    c()\nexcept BaseException:\n    d()",
        [f"try:\n    a()\nexcept {name}:\n    b()\ntry:\n    c()\nexcept BaseException:\n    d()"
         for name in ("Exception", "BaseException")],
    ),
    "raise-dropped": ("if a:\n    raise E(b)", ["if a:\n    pass"]),
    "raise-to-return": (
        "def f():\n    if a:\n        raise E(b)",
        ["def f():\n    if a:\n        return None"],
    ),
    "raise-other": (
        "try:\n    raise\nexcept E as e:\n    raise ValueError('x') from e",
        ["try:\n    raise RuntimeError('failed')\nexcept E as e:\n    raise ValueError('x') from e",
         "try:\n    raise\nexcept E as e:\n    raise ValueError('x')",
         "try:\n    raise\nexcept E as e:\n    raise TypeError('x') from e",
         "try:\n    raise\nexcept E as e:\n    raise ValueError() from e"],
    ),
    "method-dropped": (
        "def f():\n    pass\nclass A:\n    def g(self):\n        def h():\n            pass",
        ["def f():\n    pass\nclass A:\n    pass"],
    ),
    "with-dropped": (
        "with a as b, c, d as e:\n    f()",
        ["b = a\nwith c, d as e:\n    f()", "with a as b:\n    _opened = c\n    with d as e:\n        f()",
         "with a as b, c:\n    e = d\n    f()"],
    ),
    "moved-out-of-try": (
        "try:\n    a()\n    b()\nfinally:\n    c()\ntry:\n    d()\nfinally:\n    e()",
        ["a()\ntry:\n    b()\nfinally:\n    c()\ntry:\n    d()\nfinally:\n    e()",
         "try:\n    a()\nfinally:\n    c()\nb()\ntry:\n    d()\nfinally:\n    e()"],
    ),
    "cleaning-dropped": ("a.close()\nb.read()\nc = d.close()", ["b.read()\nc = d.close()"]),
    "statement-dropped": (
        "'''Text.'''\na.close()\nb = 1\nfor c in b:\n    d(c)\nimport e",
        ["'''Text.'''\na.close()\nfor c in b:\n    d(c)\nimport e",
         "'''Text.'''\na.close()\nb = 1\nimport e",
         "'''Text.'''\na.close()\nb = 1\nfor c in b:\n    pass\nimport e"],
    ),
    "if-turned": ("if a:\n    b()\nelse:\n    c()", ["b()", "c()"]),
    "comparison": (
        "a = b < c\nd = e is None",
        ["a = b <= c\nd = e is None", "a = b < c\nd = e is not None", "a = b < c\nd = bool(e) is False"],
    ),
    "condition-shortened": ("a = b and c", ["a = c", "a = b", "a = b or c"]),
    "yield-from-list": ("def f():\n    yield from g\n    yield h",
                        ["def f():\n    yield from list(g)\n    yield h"]),
    "argument-dropped": ("a(b, c, d=e, **f)", ["a(b, c, **f)", "a(b, c, d=e)", "a(b, d=e, **f)"]),
    "constant": ("a = 3\nb = True\nc = 0.5\nd = 'text'",
                 ["a = 4\nb = True\nc = 0.5\nd = 'text'", "a = 2\nb = True\nc = 0.5\nd = 'text'",
                  "a = 3\nb = False\nc = 0.5\nd = 'text'", "a = 3\nb = True\nc = 1.5\nd = 'text'"]),
    "instance-to-self": (
        "def f(self, instance):\n    instance.x = 1\ndef g(self, other):\n    other.x = 1",
        ["def f(self, instance):\n    self.x = 1\ndef g(self, other):\n    other.x = 1"],
    ),
    "reference-kept": (
        "def f(self, instance):\n    g()\ndef h(self):\n    g()",
        ["def f(self, instance):\n    vars(self).setdefault('reference', []).append(instance)\n    g()\n"
         "def h(self):\n    g()"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_makes_its_own_step_everywhere_and_no_other(name: str) -> None:
    source, wanted = MADE[name]
    others = [other for other in OPERATORS if other != name]
    made = mutants(source, "right_1", without=others)
    assert sorted(key(one.source) for one in made) == sorted(map(key, wanted)), [one.source for one in made]
    assert {one.operator for one in made} == {name}
    assert all(OPERATORS[name].__doc__ for name in OPERATORS)


def test_a_mutant_is_named_by_operator_original_place_and_what_its_source_means() -> None:
    source = "def f(a):\n    # why\n    if a is None:\n        raise ValueError('a')\n"
    [one] = mutants(source, "right_2", without=set(OPERATORS) - {"raise-dropped"})
    assert str(one) == f"raise-dropped right_2:4 {one.key}" and len(one.key) == 8
    assert one.change == ("- raise ValueError('a')", "+ pass")
    assert one == mutants(source, "right_2", without=set(OPERATORS) - {"raise-dropped"})[0]


def test_a_key_is_the_same_for_the_same_program_and_on_every_python() -> None:
    one = 'def f(a):\n    """Text."""\n    return f"{a!r:>3}" + "x"'
    two = "def f( a ):  # comment\n  '''Another text.'''\n\n  return f'{a!r:>3}' + 'x'"
    assert key(one) == key(two) == "79868ee5"
    assert key(one) != key(one.replace('"x"', '"y"')) != key(one.replace("!r", "!s"))


def test_no_mutant_is_the_original_twice_the_same_or_fails_to_compile() -> None:
    source = "def f(a):\n    if a:\n        return 1\n    return 1\nwhile f(0):\n    break"
    made = mutants(source, "right_1")
    keys = [one.key for one in made]
    assert key(source) not in keys and len(keys) == len(set(keys)) > 5
    for one in made:
        compile(one.source, "mutant", "exec")
    nonlocal_only = "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    return g"
    assert all("x = 1" in one.source for one in mutants(nonlocal_only, "right_1", without=["constant"]))


def test_steps_can_be_kept_to_some_definitions() -> None:
    source = "def f():\n    raise A\ndef g():\n    raise B"
    made = mutants(source, "right_1", without=set(OPERATORS) - {"raise-dropped"}, within=["g"])
    assert [one.source for one in made] == ["def f():\n    raise A\n\ndef g():\n    pass"]
    longer = source.replace("raise A", "return A")
    again = mutants(longer, "right_1", without=set(OPERATORS) - {"raise-dropped"}, within=["g"])
    assert [one.key for one in again] == [one.key for one in made]


RIGHT = """
def double(number):
    total = 0
    total = number + number
    return total
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The solutions of an exercise of the tests' own: one, and three of its mutants do the same."""
    monkeypatch.setitem(import_module("lessons.exercises.exercise")._exercises, "toy-x1", toy(module="toy"))
    folder = tmp_path / "solutions" / "toy-x1"
    folder.mkdir(parents=True)
    (folder / "right_1.py").write_text(RIGHT)
    return folder


def listing(*entries: dict[str, object]) -> str:
    lines = ["version = 1"]
    for entry in entries:
        lines += ["[[mutant]]"]
        lines += [f"{name} = {str(value).lower() if value in (True, False) else repr(value)}"
                  for name, value in entry.items()]  # fmt: skip
    return "\n".join(lines)


def test_a_survivor_is_reported_until_it_is_listed(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["matrix", "--mutants", "toy-x1", "--solutions", str(shelf.parent)]
    assert main([*command, "--save", str(shelf / "out")]) == 1
    out = capsys.readouterr().out
    assert "toy-x1: statement-dropped right_1:3" in out and "\n    - total = 0\n" in out
    saved = [key(path.read_text()) for path in (shelf / "out" / "toy-x1").glob("*.py")]
    first = {"key": key(RIGHT.replace("    total = 0\n", "")), "change": "c", "reason": "r", "second": False}
    assert len(saved) == 3 and first["key"] in saved

    entries = [{**first, "key": one} for one in saved]
    (shelf / LIST).write_text(listing(*entries[1:]))
    assert main(command) == 1
    out = capsys.readouterr().out
    assert entries[0]["key"] in out and entries[1]["key"] not in out

    (shelf / LIST).write_text(listing(*entries, {**first, "key": "0123abcd"}))
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "toy-x1: equivalent.toml lists 0123abcd (c), but no mutant" in out
    assert re.search(r"toy-x1 +5 +2 +0 +3 +0 ", out), out


def row(**changed: object) -> Row:
    made = [
        Mutant("raise-dropped", "right_1", 3, "pass", one, ("- raise", "+ pass")) for one in ("a", "b", "c")
    ]
    given = {"exercise": "toy-x1", "programs": False, "made": made, "listed": {}, "accepted": {}}
    return Row(**{**given, **changed})  # type: ignore[arg-type]


def entry(name: str) -> survivors.Equivalent:
    return survivors.Equivalent(name, "a change", "a reason", False)


def test_the_table_counts_and_the_reader_sees_the_change() -> None:
    one = row(listed={"b": entry("b")}, accepted={"a": [""], "b": [""]}, hung={"c"}, seconds=1.4)
    tests = row(programs=True, judges=3, accepted={"a": ["1", "2", "3"], "c": ["right_2", "right_4"]})
    assert one.cells() == ["toy-x1", "3", "1", "1", "1", "1", "1 s"]
    sums = mutants_table([one, tests]).splitlines()[-1]
    assert sums.split()[2:] == ["6", "2", "1", "2", "2", "1", "s"], sums
    assert list(told(one)) == ["toy-x1: raise-dropped right_1:3 a", "    - raise", "    + pass"]
    assert next(told(tests)) == "toy-x1 (programs): raise-dropped right_1:3 c, passes right_2, right_4"


def test_an_entry_is_stale_when_neither_an_answer_nor_a_program_has_its_mutant() -> None:
    listed = {name: entry(name) for name in "abhz"}
    rows = [
        row(listed=listed, accepted={"a": [""]}),
        row(listed=listed, programs=True, accepted={"b": ["right_1"]}),
    ]
    rows[0].hung.add("h")
    assert [line.split()[3] for line in stale(rows)] == ["z"]


WRONG_LISTS = {
    "version = ": "is not TOML",
    "version = 2": r"has the version 2. Allowed is version = 1",
    "[[mutant]]": "has the version None",
    listing({"key": "a", "change": "c", "second": True}): "An entry has the texts",
    listing({"key": "a", "change": "c", "reason": "", "second": True}): "An entry has the texts",
    listing({"key": "a", "change": "c", "reason": "r", "second": "yes"}): "An entry has the texts",
    listing(*[{"key": "a", "change": "c", "reason": "r", "second": True}] * 2): "two entries with the key a",
}


@pytest.mark.parametrize("text", WRONG_LISTS)
def test_a_list_says_what_is_wrong_with_it(text: str, tmp_path: Path) -> None:
    (tmp_path / LIST).write_text(text)
    with pytest.raises(Trouble, match=WRONG_LISTS[text]):
        equivalents(tmp_path)


def test_the_mutants_of_a_right_answer_that_is_refused_are_not_judged(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shelf / "right_1.py").write_text("double = 3")
    assert main(["matrix", "--mutants", "toy-x1", "--solutions", str(shelf.parent)]) == 1
    assert "toy-x1-right_1 is right, but its check does not accept it" in capsys.readouterr().err


def forever(note: Path) -> bool:
    """Start a child, as a check does, and never answer."""
    child = os.fork()
    if child:
        note.write_text(str(child))
    time.sleep(600)
    return True


def alive(process: int) -> bool:
    """Whether a process runs: one that has ended may wait for its parent to notice."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_mutant_that_hangs_is_rejected_and_ends_with_its_children(tmp_path: Path) -> None:
    mutant = Mutant("raise-dropped", "right_1", 3, "", "a", ())
    answers = (lambda: forever(tmp_path / "child"), lambda: True, lambda: os._exit(3))
    cases = [Case("toy-x1", mutant, "", answer) for answer in answers]
    ends = {id(case): accepted for case, accepted, _ in survivors._asked(cases, {"toy-x1": 1.0}, 2)}
    assert [ends[id(case)] for case in cases] == [None, True, False]
    child = int((tmp_path / "child").read_text())
    while alive(child):  # until the test's own time limit
        time.sleep(0.05)


SHARING = """
class wrong(Spread):
    def __get__(self, instance, owner=None):
        return self.shared

    def __set__(self, instance, value):
        Spread.__set__(self, instance, value)
        self.shared = value
"""
WRONG = {
    "leaks-x5": "wrong = closes_at_the_end",
    "descriptors-x5": SHARING,
    "decorators-x5": "wrong = restarting",
    "chains-x6": "wrong = open_ended",
    "composition-x4": "wrong = runner(partial(decided, 'streams'))",
}
"""How a wrong program is made beside the right ones."""


@pytest.mark.parametrize("id", PROGRAMS)
def test_each_exercise_with_a_test_has_right_programs_and_wrong_ones(id: str) -> None:
    programs, exercise = PROGRAMS[id], exercises()[id]
    tests = [answer.answer() for answer in survivors.solutions(FOLDER, [id]) if answer.right]
    for source in programs.sources(FOLDER).values():
        wrong = f"{source}\n{WRONG[id]}\n{programs.right[0]} = wrong"
        for test in tests:
            assert not programs.caught(test, source, exercise)
            assert programs.caught(test, wrong, exercise)


def test_every_exercise_in_which_a_student_writes_a_test_has_programs() -> None:
    assert {id for id, one in exercises().items() if one.kind == "test"} == set(PROGRAMS)


# Programs under a student's test take longest to mutate: those of one exercise are enough.
LATER = {id for id in PROGRAMS if id != "descriptors-x5"}


@pytest.mark.parametrize(
    "id", [pytest.param(id, marks=pytest.mark.deep if id in LATER else ()) for id in exercises()]
)
def test_a_mutant_of_each_exercise_is_rejected(id: str) -> None:
    for row in judged(FOLDER, [id], sample=(1, "kit")):
        assert not row.survivors, list(told(row))


@pytest.mark.deep
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("id", exercises())
def test_every_survivor_is_listed_and_every_entry_survives(id: str) -> None:
    rows = judged(FOLDER, [id])
    assert [line for row in rows for line in told(row)] == []
    assert stale(rows) == []
