"""Questions and misconceptions: complete, no orphans, and every truth proven."""

from __future__ import annotations

import gc
import re
import shutil
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from lessons import predict, search
from lessons.study import questions as stored
from lessons.study.questions import FIELD_GUIDE, LESSONS, misconceptions, questions
from lessons.versions import OtherVersion

REGISTRY = files("lessons.study").joinpath("misconceptions.toml")
PRELUDE = tomllib.loads(REGISTRY.read_text("utf-8"))["prelude"]

# Beliefs found in documentation, issue trackers, linters and questions: what the course was planned on.
COLLECTED = re.findall(
    r"[a-z-]+",
    """
start-call-opens chains-with-waits chains-break-closes chains-close-runs-finally
chains-consumer-error-inside chains-bare-except-harmless generators-yield-in-finally
generators-finally-comes-as-before chains-close-travels generators-map-closes chains-iterated-twice
chains-in-is-free chains-zip-loses-nothing start-return-comes-last generators-stop-iteration-ends
generators-expression-keeps-names generators-loop-value-is-kept generators-groups-stay
generators-tee-is-free managers-after-yield-always managers-logging-lets-go-on
leaks-truthy-is-success managers-exit-raises-again leaks-exit-covers-enter
managers-as-is-the-manager managers-entered-twice managers-open-first-enter-later
managers-pop-all-copies managers-with-a-generator managers-first-error-is-seen
managers-return-in-finally chains-first-closes-first descriptors-on-the-instance
descriptors-shared-value descriptors-always-first descriptors-class-assignment-checked
descriptors-class-read-is-plain descriptors-getattr-finds-value descriptors-set-name-always
descriptors-dict-lets-go descriptors-weak-keys-always descriptors-property-error-shows
descriptors-with-asks-the-object decorators-body-per-call decorators-missing-return-shows
decorators-parentheses-optional decorators-stack-from-the-top decorators-wraps-is-cosmetic
decorators-class-binds-self decorators-call-guards decorators-cached-generator
chains-try-around-building chains-skip-after-failure chains-sorted-is-lazy chains-stage-by-stage
notebooks-warns-of-leaks leaks-traceback-keeps notebooks-del-frees decorators-stage-is-source
decorators-restart-is-harmless decorators-next-is-own-time leaks-refcount-closes
chains-source-counts-arrivals decorators-metrics-per-stage leaks-accepted-is-kept
databases-with-closes-sqlite leaks-exit-always databases-lock-is-oserror
decorators-oserror-is-network databases-pooled-close-closes decorators-retry-exactly-once
decorators-generator-resumes
""",
)


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """A proof may switch the collector off."""
    yield
    gc.enable()


@pytest.mark.parametrize("id", misconceptions())
def test_each_truth_is_proven_in_two_lines(id: str) -> None:
    entry = misconceptions()[id]
    first, second = entry.proof.strip().splitlines()
    room: dict[str, object] = {}
    exec(PRELUDE + entry.given, room)
    exec(first, room)
    assert repr(eval(second, room)) == entry.shows


@pytest.mark.parametrize("id", misconceptions())
def test_each_misconception_is_told_in_full(id: str) -> None:
    entry = misconceptions()[id]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", id)
    assert entry.belief.endswith(".") and entry.truth.endswith(".") and entry.source
    assert entry.lesson in (*LESSONS.values(), FIELD_GUIDE)
    lines = [line for line in (entry.given + entry.proof).splitlines() if line.strip()]
    assert entry.lesson != FIELD_GUIDE or len(lines) <= 10, "it is one cell there"


def test_a_source_is_found_in_the_documentation_of_every_python() -> None:
    """The sections of 6.2, and of 3.3 from the tenth on, are numbered otherwise in one version or another."""
    moved = re.compile(r"\b(6\.2\.\d|3\.3\.1\d)")
    assert moved.search("6.2.9.1: generator.close") and not moved.search("3.3.1: object.__hash__")
    assert [id for id, entry in misconceptions().items() if moved.search(entry.source)] == []


@pytest.mark.parametrize("id", questions())
def test_a_question_has_one_right_option_and_every_wrong_one_a_name(id: str) -> None:
    question = questions()[id]
    assert 2 <= len(question.options) <= 6
    assert [option.misconception for option in question.options].count(None) == 1
    assert len({option.shows for option in question.options}) == len(question.options)
    for option in question.options:
        assert option.reply.endswith((".", ".)")), "the reply is a sentence"
        assert option.text[0] in "`0123456789_" or option.text[0].islower() or option.text[:2].isupper()
        assert option.misconception is None or option.misconception in misconceptions()


def asked() -> set[str | None]:
    return {option.misconception for question in questions().values() for option in question.options}


def test_no_misconception_is_an_orphan() -> None:
    told = {id for id, entry in misconceptions().items() if entry.lesson == FIELD_GUIDE}
    orphans = set(misconceptions()) - asked() - told
    assert not orphans, "each stands behind a wrong option, or in the field guide"


def test_what_a_lesson_asks_about_is_told_in_a_lesson() -> None:
    for id in asked() - {None}:
        assert misconceptions()[str(id)].lesson != FIELD_GUIDE, f"{id}: name the lesson in the registry"


def test_the_core_is_what_the_lessons_are_built_on() -> None:
    core = [id for id, entry in misconceptions().items() if entry.core]
    assert 20 <= len(core) <= 30
    assert set(core) <= asked()
    assert {misconceptions()[id].lesson for id in core} == {*LESSONS.values()}


def test_every_belief_that_was_collected_is_registered_once() -> None:
    assert len(COLLECTED) == len(set(COLLECTED)) == 72
    assert set(COLLECTED) <= set(misconceptions())
    beliefs = [entry.belief for entry in misconceptions().values()]
    assert len(set(beliefs)) == len(beliefs)


def test_questions_come_in_the_order_of_the_lessons() -> None:
    order = list(dict.fromkeys(question.lesson for question in questions().values()))
    assert order == [lesson for lesson in LESSONS if lesson in order]
    shelf = files("lessons.study").joinpath("questions")
    assert {f"{lesson}.toml" for lesson in order} == {entry.name for entry in shelf.iterdir()}


def test_wrong_answers_are_answered_without_blame() -> None:
    for question in questions().values():
        for option in question.options:
            for word in ("wrong", "simply", "just ", "obviously", "of course", "mistake"):
                assert word not in option.reply.lower()


@pytest.mark.parametrize("id", [id for id in questions() if re.fullmatch(r"start-r\d", id)])
def test_a_readiness_question_says_what_to_read_again(id: str) -> None:
    for option in questions()[id].options:
        told = re.search(r"Read again: the Python tutorial, “.+”", option.reply)
        assert bool(told) == (option.misconception is not None)


STORED = ["misconceptions.toml", *(f"questions/{lesson}.toml" for lesson in LESSONS)]


@pytest.mark.parametrize("path", STORED)
@pytest.mark.parametrize(
    ("line", "has"),
    [("version = 2", "has version 2"), ("version = true", "has version True"), ("", "has no version")],
)
def test_a_file_of_another_version_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, line: str, has: str
) -> None:
    shutil.copytree(str(REGISTRY.parent), tmp_path / "study", ignore=shutil.ignore_patterns("*.py*"))
    text = (tmp_path / "study" / path).read_text("utf-8")
    assert text.count("\nversion = 1\n") == 1
    (tmp_path / "study" / path).write_text(text.replace("\nversion = 1\n", f"\n{line}\n"), "utf-8")
    monkeypatch.setattr(stored, "files", lambda package: tmp_path / "study")
    expected = f"{path.split('/')[-1]} {has}, but this kit reads version 1."
    stored.questions.cache_clear()
    stored.misconceptions.cache_clear()
    try:
        with pytest.raises(OtherVersion) as refusal:
            stored.misconceptions(), stored.questions()
        assert str(refusal.value) == expected
        ask = search("zip") if path == "misconceptions.toml" else predict("leaks-p2")
        assert " ".join(ask.text.split()) == expected
    finally:
        monkeypatch.undo()
        stored.questions.cache_clear()
        stored.misconceptions.cache_clear()
