"""What makes .venv: a sentence for everything that stops it, and no half-made state."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[1] / "tools/setup_env.py"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool on a course of its own, in a folder with a space, whose pip is an entry in `pips`."""
    spec = importlib.util.spec_from_file_location("setup_env", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "a course"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]")
    (root / "constraints.txt").write_text("a==1\n")
    venv = root / ".venv"
    names = {"STAMP": "course-stamp.json", "UNFINISHED": "course-unfinished", "LOG": "course-install.log"}
    for name, value in {"ROOT": root, "VENV": venv, **{n: venv / f for n, f in names.items()}}.items():
        monkeypatch.setattr(module, name, str(value))
    monkeypatch.setattr(module, "PYTHON", sys.executable)
    monkeypatch.setattr(module, "works", lambda python: venv.is_dir())

    module.made, module.pips = [], []

    def make() -> None:
        module.made.append(1)
        venv.mkdir(exist_ok=True)

    monkeypatch.setattr(module, "make_venv", make)
    monkeypatch.setattr(module, "install", module.pips.append)
    return module


def test_the_first_time_it_makes_and_installs_then_nothing(setup: ModuleType) -> None:
    setup.prepare([])
    setup.prepare([])
    assert (setup.made, setup.pips) == ([1], [[]])


def test_tests_add_their_tools_and_lab_keeps_them(setup: ModuleType) -> None:
    setup.prepare([])
    setup.prepare(["test", "classroom"])
    setup.prepare(["classroom"])
    setup.prepare([])
    assert setup.pips == [[], ["classroom", "test"]]
    Path(setup.ROOT, "constraints.txt").write_text("a==2\n")
    setup.prepare([])
    assert setup.pips[2:] == [["classroom", "test"]], "an update keeps what is installed up to date"


def test_the_command_line_takes_several_extras(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "run", lambda arguments: arguments)
    assert setup.main(["--extra", "test", "--extra", "classroom", "true", "--extra"]) == ["true", "--extra"]
    assert setup.pips == [["classroom", "test"]]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_list_installs_again_into_the_same_environment(setup: ModuleType, name: str) -> None:
    setup.prepare([])
    Path(setup.ROOT, name).write_text("changed")
    setup.prepare([])
    assert (setup.made, setup.pips) == ([1], [[], []])


def test_after_a_failed_installation_it_begins_anew(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(extras: list[str]) -> None:
        raise setup.Trouble("no network")

    with monkeypatch.context() as patched:
        patched.setattr(setup, "install", fail)
        with pytest.raises(setup.Trouble):
            setup.prepare([])
    setup.prepare([])
    setup.prepare([])
    assert (setup.made, setup.pips) == ([1, 1], [[]])


@pytest.mark.parametrize("stamp", ["", "[]", "{", json.dumps({"fingerprint": "old"})])
def test_a_damaged_or_old_stamp_installs_again(setup: ModuleType, stamp: str) -> None:
    setup.prepare([])
    Path(setup.STAMP).write_text(stamp)
    setup.prepare([])
    assert len(setup.pips) == 2


def test_a_folder_that_cannot_be_written_is_said(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    spec = importlib.util.spec_from_file_location("setup_env", TOOL)
    assert spec and spec.loader
    spec.loader.exec_module(setup)
    # A file in the place of a folder refuses everyone, root included.
    blocked = Path(sys.executable)
    monkeypatch.setattr(setup, "VENV", str(blocked / ".venv"))
    with pytest.raises(setup.Trouble, match=r"The environment cannot be made in .*: Not a directory"):
        setup.make_venv()


def test_a_python_that_is_too_old_says_what_is_needed(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "NEEDED", (99, 1))
    with pytest.raises(setup.Trouble, match=r"This Python is 3\.\d+ .*, and the course needs 99\.1 or newer"):
        setup.main(["lifecycle", "lab"])


def test_another_folder_is_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_VENV", ".venv-3.13")
    spec = importlib.util.spec_from_file_location("setup_env", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = TOOL.parents[1]
    assert str(root / ".venv-3.13") == module.VENV and module.STAMP.startswith(module.VENV)


def test_the_file_is_read_by_a_python_that_is_too_old() -> None:
    ast.parse(TOOL.read_text(), feature_version=(3, 7))


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("WARNING: Retrying after NewConnectionError\nERROR: No matching distribution", "the network"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: No matching distribution found for a==1", "does not have what the course needs"),
        ("ERROR: Package 'a' requires a different Python: 3.11.0", "This Python does not fit"),
        ("Traceback ...\nOSError: odd", "The installation failed: OSError: odd"),
        ("", "no reason was given"),
    ],
)
def test_pips_failure_is_told_in_one_sentence(setup: ModuleType, log: str, sentence: str) -> None:
    said = setup.explain(log)
    assert sentence in said and "\n" not in said and said.endswith(setup.LOG)


def test_the_command_runs_in_the_environment_and_its_exit_code_is_kept() -> None:
    # The environment of this run, so that nothing is installed here.
    code = f"""if True:
        import sys
        sys.path.insert(0, {str(TOOL.parent)!r})
        import setup_env
        setup_env.BIN = {str(Path(sys.executable).parent)!r}
        sys.exit(setup_env.run(["python", "-c", "raise SystemExit(7)"]))"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 7


def test_a_command_on_windows_ends_in_its_own_time_after_ctrl_c() -> None:
    # There the tool waits for the command, and a console sends Ctrl-C to both.
    child = """if True:
        import sys, time
        try:
            print('begun', flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            time.sleep(0.5)
            sys.exit(7)"""
    code = f"""if True:
        import subprocess, sys
        sys.path.insert(0, {str(TOOL.parent)!r})
        import setup_env
        command = subprocess.Popen([sys.executable, "-c", {child!r}])
        class Told:
            def wait(self):
                print("waits", flush=True)
                return command.wait()
        sys.exit(setup_env.waited(Told()))"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    with process:
        assert process.stdout is not None
        assert {process.stdout.readline() for _ in range(2)} == {"begun\n", "waits\n"}
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 7


def test_a_path_with_letters_that_a_pipe_does_not_have_is_shown_by_numbers(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(TOOL.parent)!r}); import setup_env; setup_env.say('in Łódź')"
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60)
    assert done.stdout.split() == [b"in", b"\\u0141\xf3d\\u017a"], done.stderr
