"""The check of the environment: a sentence for each thing that a machine may lack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lessons import environment
from lessons.study.machine import SHOWN, Finding, Machine, findings, look

WHOLE = Machine((3, 12), "cpython", "linux", dict.fromkeys(SHOWN, "9.1.0"))


def lacking(machine: Machine) -> list[Finding]:
    return [finding for finding in findings(machine) if not finding.here]


def without(name: str) -> dict[str, str | None]:
    return {**WHOLE.versions, name: None}


def test_it_says_the_same_on_every_machine_that_has_all() -> None:
    said = [finding.sentence for finding in findings(WHOLE)]
    for same in (
        replace(WHOLE, python=(3, 11)),
        replace(WHOLE, versions=dict.fromkeys(SHOWN, "12.0rc1")),
    ):
        assert [finding.sentence for finding in findings(same)] == said


def test_here_everything_is_here() -> None:
    assert lacking(replace(look(), platform="linux")) == []
    assert str(environment()).endswith("Everything is here: go on.")


@pytest.mark.parametrize("name", ["sqlalchemy", "ipywidgets", "anywidget"])
def test_a_package_that_lessons_begin_with_is_needed(name: str) -> None:
    (finding,) = lacking(replace(WHOLE, versions=without(name)))
    assert finding.needed and name in finding.sentence and "make lab" in finding.sentence


def test_an_old_package_is_named_with_its_version() -> None:
    (finding,) = lacking(replace(WHOLE, versions={**WHOLE.versions, "sqlalchemy": "1.4.54"}))
    assert finding.needed and "1.4.54" in finding.sentence and "2 or newer" in finding.sentence


@pytest.mark.parametrize(
    ("machine", "word"),
    [
        (replace(WHOLE, python=(3, 15)), "3.15"),
        (replace(WHOLE, implementation="pypy"), "pypy"),
        (replace(WHOLE, versions=without("matplotlib")), "plot"),
        (replace(WHOLE, platform="darwin"), "nothing limits its memory"),
        (replace(WHOLE, platform="win32"), "nothing limits its memory"),
        (replace(WHOLE, platform="win32"), "Windows"),
        (replace(WHOLE, platform="win32", versions=without("psutil")), "psutil"),
        (replace(WHOLE, platform="emscripten"), "browser"),
        (replace(WHOLE, platform="emscripten", versions=without("matplotlib")), "what the plot shows"),
        (replace(WHOLE, data="No data."), "No data."),
        (replace(WHOLE, answers="No folder."), "No folder."),
    ],
)
def test_what_lessons_can_do_without_is_a_note(machine: Machine, word: str) -> None:
    finding, *others = lacking(machine)
    assert word in finding.sentence and not finding.needed
    assert len(others) == (machine.platform == "emscripten" and machine.versions["matplotlib"] is None)


def test_it_says_where_the_weather_lies_and_where_answers_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifecycle import weather

    def nothing() -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(weather, "shipped", nothing)
    (tmp_path / "file").touch()
    monkeypatch.setenv("LIFECYCLE_HOME", str(tmp_path / "file"))
    said = str(environment())
    assert "The weather data is not beside" in said and "Your answers cannot be saved" in said
    assert "go on" in said.splitlines()[-1]


def test_looking_leaves_nothing_behind() -> None:
    from lessons.study import predictions

    environment()
    assert list(predictions.journal.folder.iterdir()) == []


def test_versions_are_told_on_request() -> None:
    assert "ipywidgets 8." in str(environment(versions=True))
    assert "ipywidgets 8." not in str(environment())


def test_it_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Machine:
        raise RuntimeError("no machine")

    monkeypatch.setattr("lessons.study.machine.look", broken)
    assert "RuntimeError: no machine" in str(environment())
