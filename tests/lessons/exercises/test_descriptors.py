"""What the checks on descriptors say beyond the matrix: near misses, odd shapes, hostile answers."""

from __future__ import annotations

import gc
import os
import textwrap
import weakref
from collections import Counter

import pytest
from solutions import Solution, one_quickly, setup, solutions

from lessons import course
from lessons.exercises import Variant, executed, exercises, stub
from lessons.exercises.descriptors_host import field_class
from lessons.exercises.descriptors_x5 import programs as checks
from lessons.judge import trial
from lessons.judge.trial import examine
from lessons.judge.verdict import Verdict
from lessons.study.questions import misconceptions

IDS = [f"descriptors-x{number}" for number in range(1, 6)]
MINE = solutions(*IDS)
RIGHT, SHARING, KEEPING, KEEPING_REFUSED = checks.GROUPS.values()
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


def right(id: str) -> str:
    return next(one.source for one in MINE if one.exercise == id and one.right)


def judged(id: str, source: str, variant: str = "kit") -> Verdict:
    return examine(id, Solution(id, "right_0", "", source).answer(variant), Variant(variant))


def changed(id: str, *changes: tuple[str, str]) -> Verdict:
    """The verdict on the first right solution after some changes of its text."""
    source = right(id)
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return judged(id, source)


def failed(verdict: Verdict) -> list[int]:
    return [number for number, one in enumerate(verdict.aspects, 1) if not one.holds]


def test_each_core_misconception_of_the_lesson_names_four_wrong_solutions() -> None:
    count = Counter(one.belief for one in MINE if not one.right)
    core = [id for id, one in misconceptions().items() if one.core and id.startswith("descriptors-")]
    assert len(core) == 5
    assert {id: count[id] for id in core if count[id] < 4} == {}


SWALLOWS = """
def test_field(field):
    try:
        tested(field)
    except Exception:
        pass
"""
NAMELESS: dict[str, tuple[str, list[tuple[str, str]], list[int], str]] = {
    "ValueError for no number": ("x1", [("raise TypeError", "raise ValueError")], [3],
                                 "asked for is a TypeError"),
    "no whole number": ("x1", [("(int, float)", "float")], [3], "raised TypeError"),
    "no zero": ("x1", [("if not isinstance(value", "if not value or not isinstance(value")], [3],
                "`settings.center = 0` raised TypeError"),
    "the first value": ("x1", [("instance.__dict__[self.storage] = value",
                                "instance.__dict__.setdefault(self.storage, value)")],
                        [1], "was assigned"),
    "the first whole number": ("x2", [("instance.__dict__[self.storage] = value",
                                       "instance.__dict__.setdefault(self.storage, value)")],
                               [1], "was assigned"),
    "the option itself": ("x3", [("value not in self.options",
                                  "not any(value is one for one in self.options)")],
                          [1, 2, 3, 4, 5, 6], "raised ValueError"),
    "off by one": ("x2", [("<= self.most", "< self.most")], [2], "raised ValueError"),
    "TypeError for no option": ("x3", [("raise ValueError", "raise TypeError")], [3],
                                "asked for is a ValueError"),
    "no limit": ("x4", [("Whole(1)", "Whole(0)")], [1], "`first.windowSize = 0` was taken"),
    "usual values first": (
        "x4", [("        cls(**values)  # an object is what the fields check\n", ""),
               ("**values}\n", "**values}\n        cls()\n")],
        [4], "was refused, in a new object raised",
    ),
    "one usual value after the other": (
        "x4", [("        cls(**values)  # an object is what the fields check\n"
                "        cls.begins = {**cls.begins, **values}",
                "        for name, value in values.items():\n            cls(**{name: value})\n"
                "            cls.begins = {**cls.begins, name: value}")],
        [4], "was refused, in a new object, `label` reads 'dome'",
    ),
    "watches all but the first": ("x5", [("in (first, second, third)]", "in (second, third)]"),
                                         ("[None, None, None]", "[None, None]")],
                                  [2], "to which it was assigned first"),
    "returns what it found": ("x5", [("assert [watch", "return [watch")], [2, 3], "your test returned False"),
    "swallows its assertions": (
        "x5", [("def test_field(field):", "def tested(field):"),
               ("[None, None, None]", f"[None] * 3\n{SWALLOWS}")],
        [1, 2, 3, 4], "something swallows that: line 7: `assert (first.spread",
    ),
    "asks for no dict": ("x5", [("    class Settings:", "    assert not vars(field())\n    class Settings:")],
                         [1, 2, 3, 4], "your test rejects a right field"),
}  # fmt: skip


@pytest.mark.parametrize(("id", "changes", "aspects", "seen"), NAMELESS.values(), ids=NAMELESS)
def test_a_mistake_that_no_misconception_explains_costs_its_own_points_and_has_no_name(
    id: str, changes: list[tuple[str, str]], aspects: list[int], seen: str
) -> None:
    verdict = changed(f"descriptors-{id}", *changes)
    assert (failed(verdict), verdict.belief) == (aspects, ""), str(verdict)
    first = verdict.aspects[aspects[0] - 1]
    assert seen in first.seen and first.advice, str(verdict)


def test_a_message_may_write_a_number_with_commas() -> None:
    told = 'raise ValueError(f"{type(instance).__name__}.{self.name} = {value:,}: {allowed}")'
    verdict = changed("descriptors-x2", ('raise ValueError(f"{place}: {allowed}")', told))
    assert verdict.status == "correct", str(verdict)


@pytest.mark.parametrize("id", IDS)
def test_a_stub_says_what_to_do(id: str) -> None:
    assert stub(id).count("# TODO: ") == 1


class TestX1:
    def test_a_converted_text_is_named_as_taken(self) -> None:
        verdict = changed(
            "descriptors-x1", ("not isinstance(value, (int, float)) or isinstance(value, bool)", "False")
        )
        assert verdict.status == "almost" and "was taken, without an error" in verdict.aspects[2].seen

    def test_true_is_no_number(self) -> None:
        verdict = changed("descriptors-x1", (" or isinstance(value, bool)", ""))
        assert failed(verdict) == [3] and "= True` was taken" in verdict.aspects[2].seen

    def test_one_place_for_both_fields_is_no_sharing_among_objects(self) -> None:
        verdict = changed("descriptors-x1", ('"_" + name', '"_value"'))
        assert failed(verdict) == [2] and verdict.belief == ""
        assert "which was assigned to `settings.center`" in verdict.aspects[1].seen

    def test_a_class_with_slots_is_judged_as_any_other(self) -> None:
        slotted = "\n".join(
            line.replace("class Settings:", 'class Settings:\n    __slots__ = ("_center", "_spread")')
            for line in right("descriptors-x1").replace(
                "instance.__dict__[self.storage] = value", "setattr(instance, self.storage, value)"
            ).splitlines()
        )  # fmt: skip
        assert judged("descriptors-x1", slotted).status == "correct"

    def test_a_plain_class_earns_nothing(self) -> None:
        assert judged("descriptors-x1", "class Settings:\n    pass").points == 0


class TestX2:
    def test_a_value_that_is_stored_before_it_is_checked_is_a_point_less(self) -> None:
        early = ("def __set__(self, instance, value):", "def __set__(self, instance, value):\n"
                 "        instance.__dict__[self.storage] = value")  # fmt: skip
        verdict = changed("descriptors-x2", early)
        assert (verdict.status, failed(verdict)) == ("almost", [3])
        assert "before you store" in verdict.aspects[2].advice

    def test_true_is_no_whole_number(self) -> None:
        verdict = changed("descriptors-x2", (" or isinstance(value, bool)", ""))
        assert failed(verdict)[0] == 1 and "= True` was taken" in verdict.aspects[0].seen

    @pytest.mark.parametrize("change", [("<= value <=", "< value <="), ("<= value <=", "<= value <")])
    def test_both_limits_are_allowed(self, change: tuple[str, str]) -> None:
        assert changed("descriptors-x2", change).points < 5

    def test_the_wrong_kind_of_error_is_said_and_blames_no_belief(self) -> None:
        verdict = changed("descriptors-x2", ("raise TypeError", "raise ValueError"))
        assert verdict.aspects[0].belief == "" and "asked for is a TypeError" in verdict.aspects[0].seen

    @pytest.mark.parametrize(
        ("part", "missing"),
        [
            ("{self.name}", "the field"),
            ("{value!r}", "the value given"),
            (" to {self.most}", "all of what is allowed"),
            ("{type(instance).__name__}", "the class of the object"),
        ],
    )
    def test_a_message_that_leaves_something_out_says_what(self, part: str, missing: str) -> None:
        verdict = changed("descriptors-x2", (part, ""))
        assert failed(verdict) == [4]
        assert f"does not name {missing}" in verdict.aspects[3].seen

    def test_the_message_names_the_class_of_the_object_not_of_the_body(self) -> None:
        verdict = changed(
            "descriptors-x2",
            ("self.name, self.storage = name", "self.owner, self.name, self.storage = owner, name"),
            ("type(instance).__name__", "self.owner.__name__"),
        )
        assert failed(verdict) == [4] and verdict.aspects[3].belief == ""

    def test_limits_of_another_variant_are_no_answer(self) -> None:
        for one, other in (("kit", "autumn-3f9a"), ("autumn-3f9a", "spring-c07d")):
            key = "descriptors-x2"
            least = Variant(one).number(f"{key}:least", 2, 9)
            most = Variant(one).number(f"{key}:most", 31, 59)
            source = right(key).replace(
                "self.least, self.most = least, most", f"self.least, self.most = {least}, {most}"
            )
            assert judged(key, source, other).points < 5


class TestX3:
    def test_a_copy_with_a_box_in_common_is_seen(self) -> None:
        boxed = "instance.__dict__.setdefault(self.storage, [None])[0] = value"
        verdict = changed(
            "descriptors-x3",
            ("instance.__dict__[self.storage] = value", boxed),
            ("return getattr(instance, self.storage)", "return getattr(instance, self.storage)[0]"),
        )
        assert failed(verdict) == [6] and "copy.copy" in verdict.aspects[5].seen

    def test_a_part_of_an_option_is_none(self) -> None:
        verdict = changed("descriptors-x3", ("self.options = options", 'self.options = " ".join(options)'))
        assert failed(verdict)[0] == 3


class TestX4:
    def test_the_given_values_differ_by_variant_and_those_of_another_are_refused(self) -> None:
        usual = [exercises()["descriptors-x4"].given(Variant(name)) for name in ("kit", "autumn-3f9a")]
        assert usual[0] != usual[1]
        source = right("descriptors-x4").replace('given("descriptors-x4")', repr(usual[0]))
        assert judged("descriptors-x4", source).status == "correct"
        assert judged("descriptors-x4", source, "autumn-3f9a").status == "wrong"

    def test_a_refused_call_of_usual_changes_nothing_at_all(self) -> None:
        one_by_one = (
            "        cls(**values)  # an object is what the fields check\n"
            "        cls.begins = {**cls.begins, **values}",
            "        for name, value in values.items():\n"
            "            cls(**{name: value})\n"
            "            cls.begins = {**cls.begins, name: value}",
        )
        verdict = changed("descriptors-x4", one_by_one)
        assert (verdict.status, failed(verdict)) == ("almost", [4])

    def test_objects_that_are_there_keep_their_values(self) -> None:
        source = """
            def looked_up(self, name):
                return self.given.get(name, USUAL[name])

            class StationConfig:
                def __init__(self, **fields):
                    vars(self)["given"] = {}
                    for name, value in {**USUAL, **fields}.items():
                        setattr(self, name, value)
                    vars(self)["given"] = fields
                def __getattr__(self, name):
                    return looked_up(self, name)
                def __setattr__(self, name, value):
                    probe = PipelineConfig()
                    setattr(probe, name, value)
                    self.given[name] = value
                @classmethod
                def usual(cls, **values):
                    cls(**values)
                    USUAL.update(values)
        """
        before = 'from lifecycle import PipelineConfig\nUSUAL = given("descriptors-x4")\n'
        verdict = judged("descriptors-x4", before + textwrap.dedent(source))
        assert 3 in failed(verdict) and "made before" in verdict.aspects[2].seen, str(verdict)

    def test_the_next_check_in_this_process_meets_the_same_values(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trial, "can_copy", lambda: False)
        answer = Solution("descriptors-x4", "right_0", "", right("descriptors-x4")).answer()
        assert [trial.examine("descriptors-x4", answer).status for _ in range(2)] == ["correct", "correct"]


class TestX5:
    def settings(self, program: type[checks.Plain]) -> type:
        """A class with a field of this program; here the field asks the check without a wire."""
        field = field_class(checks.Notes(program).decide)
        return type("Host", (), {"spread": field()})

    @pytest.mark.parametrize("program", [*RIGHT, *KEEPING, *KEEPING_REFUSED])
    def test_programs_that_do_not_share_keep_values_apart(self, program: type[checks.Plain]) -> None:
        host = self.settings(program)
        first, second = host(), host()
        first.spread, second.spread = 7.3, 9.1
        assert (first.spread, second.spread) == (7.3, 9.1)

    @pytest.mark.parametrize("program", [*RIGHT, *SHARING, *KEEPING])
    @pytest.mark.parametrize("refuse", [False, True])
    def test_programs_keep_objects_as_they_say(self, program: type[checks.Plain], refuse: bool) -> None:
        host = self.settings(program)
        thing = host()
        thing.spread = 7.3
        assert thing.spread == 7.3
        if refuse:
            with pytest.raises(TypeError):
                thing.spread = "7.3"
        watched = weakref.ref(thing)
        del thing
        gc.collect()
        assert (watched() is not None) == (program in KEEPING)

    @pytest.mark.parametrize("program", KEEPING_REFUSED)
    def test_these_keep_an_object_only_after_a_refusal(self, program: type[checks.Plain]) -> None:
        host = self.settings(program)
        watched = []
        for value in (7.3, "7.3"):
            thing = host()
            thing.spread = 7.3
            try:
                thing.spread = value
            except TypeError:
                assert value == "7.3"
            watched.append(weakref.ref(thing))
            del thing
        gc.collect()
        assert [watch() is None for watch in watched] == [True, False]

    def test_a_test_that_fails_always_earns_nothing(self) -> None:
        verdict = judged("descriptors-x5", "def test_field(field):\n    assert False")
        assert (verdict.status, verdict.points) == ("wrong", 0)

    def test_a_test_that_holds_the_last_object_itself_is_told_so(self) -> None:
        verdict = changed("descriptors-x5", ("del first, second, third", "del first, second"))
        assert verdict.points == 0 and "let go of the object" in verdict.aspects[0].advice

    def test_a_test_that_lets_only_the_first_go_misses_the_latest(self) -> None:
        verdict = changed(
            "descriptors-x5",
            ("for thing in (first, second, third)", "for thing in (first, second)"),
            ("del first, second, third", "del first, second"),
            ("== [None, None, None]", "== [None, None]"),
        )
        assert failed(verdict)[0] == 2 and "assigned last" in verdict.aspects[1].seen

    def test_another_error_than_an_assertion_is_no_finding(self) -> None:
        verdict = changed("descriptors-x5", ("    assert (first.spread", "    if not (first.spread"),
                          ("== (7.3, 9.1, 4.4)", "== (7.3, 9.1, 4.4):\n        raise KeyError"))  # fmt: skip
        assert failed(verdict) == [1] and "raised KeyError" in verdict.aspects[0].seen

    def test_an_object_at_the_place_of_one_that_is_gone_is_another_one(self) -> None:
        notes = checks.Notes(checks.Plain)
        host = type("Host", (), {"spread": field_class(notes.decide)()})
        for value in range(3):
            thing = host()
            thing.spread = value
            del thing
        assert notes.objects == 3

    def test_the_collector_is_on_again_after_the_check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "can_copy", lambda: False)
        gc.unfreeze()  # some versions of Python start with frozen objects
        frozen = gc.get_freeze_count()
        assert judged("descriptors-x5", right("descriptors-x5")).status == "correct"
        assert gc.isenabled() and gc.get_freeze_count() == frozen


AGREEABLE = """
class Agreeable:
    def __eq__(self, other):
        return True
    def __hash__(self):
        return 0
    def __set_name__(self, owner, name):
        pass
    def __get__(self, instance, owner=None):
        return self
    def __set__(self, instance, value):
        raise TypeError
"""

HOSTILE = {
    "equal to everything": AGREEABLE + "class Settings:\n    center = spread = Agreeable()\n"
    "class Whole(Agreeable):\n    def __init__(self, *given): pass\n"
    "class OneOf(Whole): pass\n"
    "class StationConfig(Settings):\n    label = windowSize = Agreeable()\n    usual = Agreeable()\n"
    "test_field = Agreeable()\n",
    "exits": "import sys\n"
    "class Whole:\n    def __init__(self, *given): sys.exit(0)\n"
    "OneOf = Whole\nclass Settings:\n    def __init__(self, **given): sys.exit(0)\n"
    "class StationConfig(Settings): pass\n"
    "def test_field(field): sys.exit(0)\n",
    "patches the core": "from lessons.exercises import exercise as core\n"
    "import lessons.exercises.descriptors_steps as checks\n"
    "def patch():\n"
    "    core.exactly = checks.exactly = lambda *given: True\n"
    "    checks.Script.read = checks.Script.refuse = lambda *given, **more: None\n"
    "class Settings:\n    def __init__(self, **given): patch()\n"
    "class StationConfig(Settings):\n    def usual(**given): patch()\n"
    "class Whole:\n    def __init__(self, *given): patch()\n"
    "OneOf = Whole\n"
    "def test_field(field): patch()\n",
    "swallows": "class Settings:\n    def __setattr__(self, name, value): pass\n"
    "    def __getattr__(self, name): return 0\n"
    "    def __init__(self, **given): pass\n"
    "class StationConfig(Settings):\n    @classmethod\n    def usual(cls, **given): pass\n"
    "class Whole:\n    def __init__(self, *given): pass\n    def __set__(self, instance, value): pass\n"
    "class OneOf(Whole): pass\n"
    "def test_field(field):\n    try:\n        assert field\n    except BaseException:\n        pass\n",
}


@forks
@pytest.mark.parametrize("id", one_quickly(IDS))
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_never_correct(id: str, name: str) -> None:
    names = executed(HOSTILE[name], f"{id} hostile", setup(id))
    verdict = examine(id, names[exercises()[id].answer])
    assert verdict.status in ("wrong", "almost"), str(verdict)
    assert verdict.aspects[0].points == 0, str(verdict)


@forks
@pytest.mark.parametrize("id", IDS)
def test_an_answer_that_ends_python_earns_nothing(id: str) -> None:
    source = "import os\nclass Ends:\n    def __init__(self, *given, **more): os._exit(0)\n"
    verdict = examine(id, executed(source, f"{id} hostile", setup(id))["Ends"])
    assert (verdict.status, verdict.points) == ("wrong", 0)


@pytest.mark.deep
@forks
def test_memory_that_python_keeps_for_itself_is_not_taken_for_a_kept_value() -> None:
    # A large block that was freed once lets the C library keep smaller ones, too, when they are freed.
    large = bytearray(8_000_000)
    del large
    for solution in solutions("descriptors-x1"):
        if solution.right:
            verdict = solution.judged()
            assert verdict.points == verdict.worth, (solution, str(verdict))
