"""The browser edition as a folder: what is in it, and what is not."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from lessons import browser
from lessons.desk import cli, site
from lessons.desk.workcopy import Trouble

COURSE = Path(__file__).parents[3]
LIMIT = 45_000_000


def test_a_browser_gets_neither_the_classroom_nor_a_solution(tmp_path: Path) -> None:
    site.pack(tmp_path / site.WHEEL)
    names = zipfile.ZipFile(tmp_path / site.WHEEL).namelist()
    assert {name.partition("/")[0] for name in names} == {"lifecycle", "lessons", "lifecycle-0.1.0.dist-info"}
    assert "lifecycle/ledger.py" in names and "lessons/exercises/leaks_x1/stub.py" in names
    assert not [name for name in names if "solutions" in name or "/desk/" in name or name.endswith(".pyc")]


def test_another_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Trouble, match="choose another folder"):
        site.write(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_each_cell_that_cannot_run_in_a_browser_has_its_sentence() -> None:
    tagged = {
        cell["id"]
        for path in (COURSE / "notebooks").glob("*.ipynb")
        for cell in json.loads(path.read_bytes())["cells"]
        if "needs-os" in cell["metadata"].get("tags", [])
    }
    assert {*browser.NEEDS_OS} == tagged


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return site.write(tmp_path_factory.mktemp("built") / "site")
    except Trouble as trouble:
        pytest.skip(str(trouble))


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.deep
def test_two_builds_give_equal_bytes(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["site", str(tmp_path / "again")]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 5 and all(line.endswith(" …") for line in lines), "each step says what it does"
    first, second = files(built), files(tmp_path / "again")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


@pytest.mark.deep
def test_the_site_is_small_and_has_no_source_map(built: Path) -> None:
    assert sum(map(len, files(built).values())) <= LIMIT
    assert not [name for name in files(built) if name.endswith(".map")]


@pytest.mark.deep
def test_the_site_has_no_stored_output_and_no_solution(built: Path) -> None:
    for path in (built / "files").rglob("*.ipynb"):
        cells = json.loads(path.read_bytes())["cells"]
        assert not [cell["id"] for cell in cells if cell.get("outputs")], path
    assert not [name for name in files(built) if "solution" in name or "TEACHING" in name]


@pytest.mark.deep
def test_a_lab_has_time_to_load_on_a_slow_computer(built: Path) -> None:
    scripts = [path.read_bytes() for path in (built / "extensions").rglob("*.js")]
    short, long = site.PATIENCE
    assert [script for script in scripts if long in script]
    assert not [script for script in scripts if short in script]


@pytest.mark.deep
def test_everything_in_the_site_has_its_licence(built: Path) -> None:
    listed = (built / "licences/list.txt").read_text()
    for wheel in (built / "pyodide").glob("*.whl"):
        name, version, *_ = wheel.name.split("-")
        kernels_own = name.replace("_", "-") in site.KERNEL_NAMES
        assert kernels_own or f"{name.replace('_', '-')} {version}: " in listed, wheel.name
    assert "see its licence file" not in listed
