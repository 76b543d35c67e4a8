"""What lies in a submission's folder is found and read without trust, and put right by the release."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from coursework import ASSIGNMENT, IDS, answered, cell, release, solution
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom import intake
from classroom.intake import Found, Refused, Template, bare, found, notebook, rebuilt, submissions

FIRST = IDS[0]
TEMPLATE = Template.read(json.dumps(release(*IDS)).encode())


def lay(root: Path, **files: bytes) -> Path:
    place = root / "submitted" / "ada" / ASSIGNMENT
    place.mkdir(parents=True)
    for name, data in files.items():
        (place / name.replace("__", ".")).write_bytes(data)
    return place


def put_right(content: Any) -> tuple[list[intake.SubmittedCell], list[str]]:
    return rebuilt(json.dumps(content).encode(), TEMPLATE)


def names(cells: list[intake.SubmittedCell]) -> list[str]:
    return [one.slot.id for one in cells if one.slot]


SLOTS = [slot.id for slot in TEMPLATE.slots]


# Found


def test_a_submission_in_its_place_is_found_with_its_timestamp(tmp_path: Path) -> None:
    lay(tmp_path, leaks__ipynb=b"{}", timestamp__txt=b"2026-11-24 12:00:00 UTC\n")
    assert list(submissions(tmp_path / "submitted", ASSIGNMENT)) == [
        Found("ada", b"{}", timestamp="2026-11-24 12:00:00 UTC")
    ]


def test_students_come_in_order_and_only_those_who_submitted(tmp_path: Path) -> None:
    for student in ("zoe", "ada", ".ipynb_checkpoints", "mia"):
        (tmp_path / student / ASSIGNMENT).mkdir(parents=True)
    (tmp_path / "bob" / "another").mkdir(parents=True)
    (tmp_path / "a file").write_text("")
    assert [one.student for one in submissions(tmp_path, ASSIGNMENT)] == ["ada", "mia", "zoe"]
    assert [one.student for one in submissions(tmp_path, ASSIGNMENT, ("zoe", "eve"))] == ["zoe"]
    assert list(submissions(tmp_path / "nowhere", ASSIGNMENT)) == []


@pytest.mark.parametrize(
    ("files", "status", "note"),
    [
        ({}, "empty", "The folder is empty."),
        ({"timestamp__txt": b"now"}, "empty", "The folder is empty."),
        ({"leaks__py": b"x"}, "not a notebook", "only leaks.py"),
        ({"a__ipynb": b"{}", "b__ipynb": b"{}"}, "renamed", "2 notebooks, none of them leaks.ipynb: a.ipynb"),
    ],
)
def test_what_cannot_be_graded_is_said(
    tmp_path: Path, files: dict[str, bytes], status: str, note: str
) -> None:
    one = found("ada", lay(tmp_path, **files), ASSIGNMENT)
    assert (one.data, one.status) == (None, status)
    assert note in one.note


@pytest.mark.parametrize(
    ("name", "plain", "said"),
    [
        ("a" * 240, f"{'a' * 39}… ", "of 240 bytes, and at most 200 are taken"),
        ("ü" * 120, f"{'ü' * 39}… ", "of 240 bytes, and at most 200 are taken"),
        ("a\x1b[2J\nb", "a\\x1b[2J\\nb", "with control characters"),
        (os.fsdecode(b"\xffb"), "\\udcffb", "that is not UTF-8"),
    ],
)
def test_a_student_after_whom_no_file_can_be_called_is_said(
    tmp_path: Path, name: str, plain: str, said: str
) -> None:
    if os.name != "posix":
        pytest.skip("such names are for POSIX")
    try:
        (tmp_path / name / ASSIGNMENT).mkdir(parents=True)
    except OSError:
        pytest.skip("this file system takes no such name")
    [one] = submissions(tmp_path, ASSIGNMENT)
    assert (one.status, one.data) == ("unreadable", None)
    assert one.note == f"The student's folder has a name {said}."
    assert one.student.startswith(plain) and len(one.student.encode()) <= intake.NAMED


def test_a_name_that_a_student_chose_commands_no_terminal(tmp_path: Path) -> None:
    place = lay(tmp_path)
    try:
        (place / "a\x1b[2J\n.ipynb").write_bytes(b"{}")
    except OSError:
        pytest.skip("this file system takes no such name")
    note = found("ada", place, ASSIGNMENT).note
    assert note == "The notebook is a\\x1b[2J\\n.ipynb, expected is leaks.ipynb."


def test_one_notebook_of_another_name_or_deeper_is_taken_and_said(tmp_path: Path) -> None:
    place = lay(tmp_path)
    (place / "leaks").mkdir()
    (place / "leaks" / "my leaks.IPYNB").write_bytes(b"{}")
    one = found("ada", place, ASSIGNMENT)
    assert (one.data, one.status) == (b"{}", "renamed")
    assert one.note == f"The notebook is {Path('leaks/my leaks.IPYNB')}, expected is leaks.ipynb."


@pytest.mark.skipif(os.name != "posix", reason="symbolic links and pipes as POSIX has them")
def test_links_folders_and_pipes_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ipynb"
    secret.write_text("{}")
    place = lay(tmp_path)
    target = place / "leaks.ipynb"
    target.symlink_to(secret)
    assert found("ada", place, ASSIGNMENT).status == "unreadable"
    target.unlink()
    target.mkdir()
    assert found("ada", place, ASSIGNMENT).note == "leaks.ipynb is a folder."
    target.rmdir()
    os.mkfifo(target)
    assert found("ada", place, ASSIGNMENT).note == "leaks.ipynb is not a plain file."
    (tmp_path / "submitted" / "bob").symlink_to(tmp_path / "submitted" / "ada")
    (tmp_path / "submitted" / "cem").mkdir()
    (tmp_path / "submitted" / "cem" / ASSIGNMENT).symlink_to(place)
    notes = {one.student: one.note for one in submissions(tmp_path / "submitted", ASSIGNMENT)}
    assert notes["bob"] == "The student's folder is a symbolic link."
    assert notes["cem"] == "The folder leaks is a symbolic link; links are not followed."


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    place = lay(tmp_path)
    with open(place / "leaks.ipynb", "wb") as file:
        file.truncate(intake.HUGE + 1)
    one = found("ada", place, ASSIGNMENT)
    assert one.status == "huge" and "20,000,001 bytes" in one.note


def test_the_digest_is_of_what_was_submitted() -> None:
    assert Found("ada", b"1").digest == Found("bob", b"1").digest != Found("ada", b"2").digest
    assert Found("ada", None, "empty", "x").digest != Found("ada", None, "huge", "x").digest


# Put right


def test_the_release_comes_back_as_it_is() -> None:
    cells, notes = put_right(release(*IDS))
    assert notes == [] and names(cells) == SLOTS


def test_answers_stay_and_all_else_comes_from_the_release() -> None:
    content = answered({FIRST: "answer = 1", f"{FIRST}-check": "5", f"{ASSIGNMENT}-setup": "import os"})
    for one in content["cells"]:
        one["metadata"] |= {"tags": ["skip-execution"], "evil": 1}
        one["metadata"].get("nbgrader", {}).update(points=99, locked=False, grade=True)
    content["metadata"] = {"kernelspec": {"name": "evil"}}
    cells, notes = put_right(content)
    assert [one.source for one in cells if one.slot and one.slot.id == FIRST] == ["answer = 1"]
    assert notes == [
        f"The locked cell {ASSIGNMENT}-setup was changed; it is as released again.",
        f"The locked cell {FIRST}-check was changed; it is as released again.",
    ]
    written = json.loads(notebook(cells))
    assert written["metadata"]["kernelspec"]["name"] == "python3"
    for one in written["cells"]:
        about = one["metadata"].get("nbgrader")
        if about is None:
            assert one["metadata"] == {}
        else:
            slot = TEMPLATE.slot(about["grade_id"])
            assert slot is not None and one["metadata"] == slot.metadata


def test_lines_that_end_as_on_windows_are_no_change() -> None:
    whole = release(*IDS)
    for one in whole["cells"]:
        one["source"] = one["source"].replace("\n", "\r\n")
    cells, notes = put_right(whole)
    assert notes == []
    assert [one.source for one in cells] == [one["source"] for one in release(*IDS)["cells"]]


def test_added_cells_stay_in_their_place() -> None:
    content = answered({})
    index = next(i for i, one in enumerate(content["cells"]) if one["id"] == FIRST)
    content["cells"].insert(index, cell("code", "def helper(): pass"))
    cells, _ = put_right(content)
    place = [one.source for one in cells].index("def helper(): pass")
    after = cells[place + 1].slot
    assert after is not None and after.id == FIRST


def test_the_first_of_two_cells_of_one_name_counts() -> None:
    content = answered({FIRST: "first"})
    content["cells"].append(cell("code", "second", FIRST, solution=True))
    cells, notes = put_right(content)
    assert [one.source for one in cells if one.slot and one.slot.id == FIRST] == ["first"]
    assert cells[-1].source == "second" and cells[-1].slot is None
    assert notes == [f"A second cell has the name {FIRST}; the first one counts."]


def test_missing_cells_are_added_and_an_answer_is_added_empty() -> None:
    content = release(*IDS)
    gone = {FIRST, f"{FIRST}-check", f"{ASSIGNMENT}-setup"}
    content["cells"] = [one for one in content["cells"] if one["id"] not in gone]
    cells, notes = put_right(content)
    assert names(cells) == SLOTS
    assert len(notes) == 3
    assert [one.source for one in cells if one.slot and one.slot.id == FIRST] == [""]


def test_a_check_before_its_answer_moves_behind_it_and_the_setup_to_the_top() -> None:
    content = release(*IDS)
    content["cells"].reverse()
    cells, _ = put_right(content)
    order = names(cells)
    assert order[0] == f"{ASSIGNMENT}-setup"
    for id in IDS:
        assert order.index(id) < order.index(f"{id}-check")


def test_without_metadata_cells_are_known_by_their_ids_or_their_text() -> None:
    content = answered({FIRST: "answer = 1"})
    for one in content["cells"]:
        one["metadata"] = {}
    assert names(put_right(content)[0]) == SLOTS
    for one in content["cells"]:
        del one["id"]
    cells, _ = put_right(content)
    assert {slot.id for slot in TEMPLATE.slots if slot.locked} <= set(names(cells))
    # The answer, which nothing tells any more, still runs before its check.
    order = [one.slot.id if one.slot else one.source for one in cells]
    assert order.index("answer = 1") < order.index(f"{FIRST}-check")


def test_an_answer_turned_into_text_is_code_again() -> None:
    content = answered({FIRST: "answer = 1"})
    one = next(one for one in content["cells"] if one["id"] == FIRST)
    one["cell_type"] = "markdown"
    cells, notes = put_right(content)
    assert [cell.type for cell in cells if cell.slot and cell.slot.id == FIRST] == ["code"]
    assert notes == [f"The cell {FIRST} had another type; it is a code cell again."]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"cells": []}', "empty"),
        (b"{", "unreadable"),
        (b"\xff\xfe\x00", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b"[]", "not a notebook"),
        (b'{"cells": 3}', "not a notebook"),
        (b'{"cells": [{"cell_type": "code", "source": "1"}]}', "foreign"),
        (json.dumps({"cells": [{}] * 1001}).encode(), "huge"),
    ],
)
def test_what_is_no_submission_is_refused(data: bytes, status: str) -> None:
    with pytest.raises(Refused) as refused:
        rebuilt(data, TEMPLATE)
    assert refused.value.status == status
    assert refused.value.note.endswith(".")


def test_a_source_in_lines_is_read() -> None:
    one = {"cell_type": "code", "source": ["a = ", "1"], "metadata": {"nbgrader": {"grade_id": FIRST}}}
    cells, _ = put_right({"cells": [one]})
    assert "a = 1" in [one.source for one in cells]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "x"]) | JSON,
        "id": st.sampled_from(SLOTS) | JSON,
        "metadata": st.fixed_dictionaries({"nbgrader": st.fixed_dictionaries({"grade_id": JSON}) | JSON})
        | JSON,
        "source": st.text() | JSON,
        "attachments": JSON,
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CELL | JSON, max_size=6))
def test_whatever_the_cells_are_a_valid_notebook_comes_of_it(given: list[Any]) -> None:
    import nbformat

    anchor = cell("code", "1", FIRST, solution=True)
    cells, _ = rebuilt(json.dumps({"cells": [anchor, *given]}).encode(), TEMPLATE)
    assert sorted(names(cells)) == sorted(SLOTS)
    whole = nbformat.reads(notebook(cells), as_version=4)
    nbformat.validate(whole, relax_add_props=False)


def test_what_stands_for_an_ungradable_submission_holds_no_answer() -> None:
    cells = bare(TEMPLATE, "Why.")
    assert cells[0].source == "Why."
    assert all(not one.source for one in cells if one.slot and not one.slot.locked)
    assert solution(FIRST) not in notebook(cells)
