"""Files from package registries: pinned, fetched once, and refused if they are not the pinned ones."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from lessons.desk import registries
from lessons.desk.registries import Pin
from lessons.desk.workcopy import Trouble

OTHER_VERSIONS = {"jedi"}
"""Packages whose version is not the one of constraints.txt, for a reason that pins.toml gives."""


def test_a_package_of_the_constraints_has_the_version_given_there() -> None:
    text = Path(__file__).parents[3].joinpath("constraints.txt").read_text(encoding="utf-8")
    constrained = dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", text))
    for pin in registries.pins():
        if pin.kind != "npm" and pin.name not in OTHER_VERSIONS:
            assert constrained.get(pin.name, pin.version) == pin.version, pin.name


def test_every_wheel_is_pure_python() -> None:
    assert all(pin.file.endswith("-none-any.whl") for pin in registries.pins() if pin.kind != "npm")


def pin(content: str) -> Pin:
    return Pin("wheels", "a", "1", "a.txt", hashlib.sha256(content.encode()).hexdigest())


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, and a registry whose one file has the content of `sent` beside the cache."""
    monkeypatch.setenv("LIFECYCLE_CACHE", str(tmp_path / "cache"))
    copy = "import shutil, sys; shutil.copy(sys.argv[1], 'a.txt')"
    monkeypatch.setattr(registries, "_pip", lambda some: [sys.executable, "-c", copy, str(tmp_path / "sent")])
    (tmp_path / "sent").write_text("one")
    return tmp_path


def test_a_fetched_file_is_kept_and_a_spoilt_one_is_fetched_again(registry: Path) -> None:
    kept = registries.fetched([pin("one")])["a"]
    assert kept == registry / "cache" / "a.txt"
    (registry / "sent").write_text("two")
    said: list[str] = []
    assert registries.fetched([pin("one")], said.append)["a"].read_text() == "one" and not said
    kept.write_text("spoilt")
    (registry / "sent").write_text("one")
    assert registries.fetched([pin("one")], said.append)["a"].read_text() == "one"
    assert said == ["Fetching 1 package with pip"]


def test_another_file_than_the_pinned_one_is_refused(registry: Path) -> None:
    (registry / "sent").write_text("two")
    with pytest.raises(Trouble, match=r"a\.txt has the SHA-256"):
        registries.fetched([pin("one")])
    assert list((registry / "cache").iterdir()) == []


def test_a_registry_that_cannot_be_reached_is_one_sentence(registry: Path) -> None:
    (registry / "sent").unlink()
    with pytest.raises(Trouble, match="could not be fetched from their registry"):
        registries.fetched([pin("one")])


def test_a_missing_npm_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_CACHE", str(tmp_path))
    monkeypatch.setattr(registries.shutil, "which", lambda name: None)
    with pytest.raises(Trouble, match="npm is missing: install Node 20"):
        registries.fetched([pin("one")._replace(kind="npm")])
