"""What tests/in_pyodide.py does: it runs code, and says how it ended."""

from __future__ import annotations

import re

import in_pyodide
import pytest
from in_pyodide import Ended, Pyodide, Raised


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_without_node_a_test_is_skipped(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_pyodide.shutil, "which", lambda name: None if name == missing else f"/bin/{name}")
    with pytest.raises(pytest.skip.Exception, match="Node is missing"), in_pyodide.running():
        pass


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
