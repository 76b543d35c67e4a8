"""What tests/in_pyodide.py does: it runs code, says how it ended, and uses only the files that are pinned."""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from pathlib import Path

import in_pyodide
import pytest
from in_pyodide import Ended, Pyodide, Raised


def test_the_wheels_have_the_versions_of_the_constraints() -> None:
    lines = (in_pyodide.HERE.parent / "constraints.txt").read_text(encoding="utf-8").splitlines()
    for name, pin in in_pyodide.PINS["wheels"].items():
        assert f"{name}=={pin['version']}" in lines


def test_a_browser_gets_neither_the_classroom_nor_a_solution(tmp_path: Path) -> None:
    in_pyodide.pack(tmp_path / "course.zip")
    names = zipfile.ZipFile(tmp_path / "course.zip").namelist()
    assert {name.partition("/")[0] for name in names} == {"lifecycle", "lessons"}
    assert "lifecycle/ledger.py" in names and "lessons/exercises/leaks_x1/stub.py" in names
    assert not [name for name in names if "solutions" in name or name.endswith(".pyc")]


def fetched(content: str, pinned: str) -> Path:
    """Fetch a file with this content, where another content is pinned."""
    write = ["-c", "import sys; open('a.txt', 'w').write(sys.argv[1])", content]
    return in_pyodide.fetched("a.txt", hashlib.sha512(pinned.encode()).hexdigest(), [sys.executable, *write])


def test_a_fetched_file_is_kept_and_a_spoilt_one_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_CACHE", str(tmp_path / "cache"))
    kept = fetched("one", pinned="one")
    assert kept == tmp_path / "cache" / "a.txt"
    assert fetched("two", pinned="one").read_text() == "one"
    kept.write_text("spoilt")
    assert fetched("one", pinned="one").read_text() == "one"


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=r"a\.txt has the SHA-512"):
        fetched("two", pinned="one")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_without_node_a_test_is_skipped(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_pyodide.shutil, "which", lambda name: None if name == missing else f"/bin/{name}")
    with pytest.raises(pytest.skip.Exception, match="Node is missing"), in_pyodide.running():
        pass


def test_without_the_registry_a_test_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_CACHE", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match=r"a\.txt could not be fetched: no network"):
        in_pyodide.fetched("a.txt", "", [sys.executable, "-c", "raise SystemExit('no network')"])


@pytest.mark.deep
def test_code_finds_what_it_is_given_and_its_last_expression_is_returned(pyodide: Pyodide) -> None:
    assert pyodide.run("print('adding')\nsum(numbers)", numbers=[1, 2, 39]) == 42
    assert pyodide.printed == "adding\n"


@pytest.mark.deep
def test_names_do_not_stay(pyodide: Pyodide) -> None:
    pyodide.run("stays = 1")
    assert pyodide.run("'stays' in dir()") is False


@pytest.mark.deep
def test_an_error_is_raised_with_its_traceback(pyodide: Pyodide) -> None:
    with pytest.raises(Raised, match="ZeroDivisionError"):
        pyodide.run("print('before')\n1 / 0")
    assert pyodide.printed == "before\n"


ENDS = {
    "of Python": ("import os\nos._exit(3)", re.escape("exit(3)")),
    "of Node": ("import js\njs.process.exit(4)", "Node ended"),
    "of the time": ("while True: pass", "stopped after 2 seconds"),
}


@pytest.mark.deep
@pytest.mark.parametrize(("code", "how"), ENDS.values(), ids=ENDS)
def test_after_an_end_the_next_code_has_a_new_pyodide(code: str, how: str, pyodide: Pyodide) -> None:
    with pytest.raises(Ended, match=how):
        pyodide.run(code, seconds=2)
    assert pyodide.run("1 + 1") == 2
