"""The journal: append-only, one file per kernel, merged on read, and never in the way of a lesson."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessons import predict, progress
from lessons.study import predictions
from lessons.study.journal import Journal, Line, Standing, home, merged


def lines(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def test_each_kernel_writes_its_own_file(tmp_path: Path) -> None:
    one, other = Journal(tmp_path), Journal(tmp_path)
    one.add("answer", "q", "A")
    other.add("answer", "q", "B")
    one.add("reveal", "q")
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert one.standings() == other.standings() == {"q": Standing("A", ("B",), (), True)}


def test_a_file_is_only_ever_appended_to(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add("answer", "q", "A")
    before = lines(tmp_path)
    journal.add("answer", "q", "B")
    assert lines(tmp_path)[:1] == before and len(lines(tmp_path)) == 2


def test_a_line_holds_the_event_and_nothing_about_its_author(tmp_path: Path) -> None:
    Journal(tmp_path).add("answer", "q", "A")
    entry = json.loads(lines(tmp_path)[0])
    assert sorted(entry) == ["at", "event", "id", "option", "version"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_kernel_begins_a_file_of_its_own(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from lessons.study.journal import Journal\n"
        "journal = Journal(pathlib.Path(sys.argv[1])); journal.add('answer', 'q', 'A')\n"
        "child = os.fork(); journal.add('answer', 'q', 'B')\n"
        "child and os.waitpid(child, 0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)
    assert sorted(len(path.read_bytes().splitlines()) for path in tmp_path.glob("*.jsonl")) == [1, 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"version": 2, "at": "2026', "not a whole line of JSON"),
        (b"\xff\xfe\x00", "not a whole line of JSON"),
        (b"[" * 100_000, "not a whole line of JSON"),
        (b"[1, 2]", "not an event"),
        (b'{"at": "2026"}', "not an event"),
        (b'{"version": 2, "at": 3, "event": "answer", "id": "q"}', "not an event"),
        (b'{"version": true, "at": "2027", "event": "answer", "id": "q", "option": "A"}', "not an event"),
        (b'{"version": 2, "at": "2026", "event": "exercise", "id": "q"}', "an unknown event 'exercise'"),
        (b'{"version": 2, "at": "2026", "event": "answer", "id": "q"}', "an unknown event 'answer'"),
    ],
)
def test_a_corrupt_line_is_reported_and_set_aside(tmp_path: Path, line: bytes, reason: str) -> None:
    Journal(tmp_path).add("answer", "q", "A")
    (tmp_path / "older.jsonl").write_bytes(line + b"\n")
    events, problems = Journal(tmp_path).read()
    assert [event.option for event in events] == ["A"]
    assert len(problems) == 1 and problems[0].startswith("older.jsonl, line 1: ") and reason in problems[0]
    assert (tmp_path / "older.jsonl").read_bytes() == line + b"\n", "set aside, not thrown away"


@pytest.mark.parametrize("version", [0, 1, 3, -1, 10**30])
def test_a_journal_of_another_version_is_set_aside_in_one_sentence_and_kept(
    tmp_path: Path, version: int
) -> None:
    line = {"version": version, "at": "2027", "event": "answer", "id": "q", "option": "B"}
    other = tmp_path / "other.jsonl"
    other.write_text(3 * f"{json.dumps(line)}\n")
    stored = other.read_bytes()
    journal = Journal(tmp_path)
    journal.add("answer", "q", "A")
    events, problems = journal.read()
    assert [event.option for event in events] == ["A"]
    assert problems == [
        f"other.jsonl: 3 lines of version {version}, but this kit reads version 2; set aside."
    ]
    assert journal.export(tmp_path / "copy.json") == (1, True)
    assert other.read_bytes() == stored, "never overwritten"


def test_todays_journals_are_read(tmp_path: Path) -> None:
    at = "2026-11-25T09:00:00.000000+00:00"
    line = f'{{"version": 2, "at": "{at}", "event": "answer", "id": "q", "option": "A"}}\n'
    (tmp_path / "1.jsonl").write_text(line)
    assert Journal(tmp_path).read() == ([Line(at, "answer", "q", "A")], [])


def test_progress_reports_what_was_set_aside() -> None:
    predict("leaks-p2", "A")
    for number in range(7):
        (predictions.journal.folder / f"{number}.jsonl").write_text("half a li")
    shown = " ".join(progress().text.split())
    assert "Set aside: 0.jsonl, line 1: not a whole line of JSON" in shown
    assert "Set aside: 2 more lines." in shown
    assert "1 not run yet" in shown


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_stop_a_journal(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("journal")
    (folder / "any.jsonl").write_bytes(content)
    events, problems = Journal(folder).read()
    assert len(events) + len(problems) == len(content.splitlines())


EVENTS = st.lists(
    st.builds(
        Line,
        at=st.integers(1, 9).map(str),
        event=st.just("answer"),
        id=st.sampled_from(["p", "q"]),
        option=st.sampled_from("ABC"),
    )
    | st.builds(Line, at=st.integers(1, 9).map(str), event=st.just("reveal"), id=st.sampled_from(["p", "q"])),
    max_size=12,
)


@given(EVENTS)
def test_the_first_answer_stands_whatever_follows(events: list[Line]) -> None:
    for id, standing in merged(events).items():
        mine = [event for event in events if event.id == id]
        if standing.first is not None:
            assert next(event for event in mine if event.event == "answer").option == standing.first
            assert mine[0].event == "answer", "an answer after the reveal is no prediction"
        assert standing.revealed == any(event.event == "reveal" for event in mine)


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_the_order_of_files(
    tmp_path_factory: pytest.TempPathFactory, kernels: list[list[Line]], chance: object
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    for number, events in enumerate(kernels):
        text = "".join(json.dumps({"version": 2, **event.__dict__}) + "\n" for event in events)
        (folder / f"{number}.jsonl").write_text(text)
    once = Journal(folder).read()[0]
    chance.shuffle(order := list(range(len(kernels))))  # type: ignore[attr-defined]
    for number in order:
        path = folder / f"{number}.jsonl"
        path.write_text(path.read_text())
    assert Journal(folder).read()[0] == once
    for events in kernels:
        assert len([event for event in once if event in events]) >= len(set(events))


def test_the_clock_of_one_kernel_may_be_set_back(tmp_path: Path) -> None:
    events = [Line("5", "answer", "q", "A"), Line("2", "answer", "q", "B")]
    text = "".join(json.dumps({"version": 2, **event.__dict__}) + "\n" for event in events)
    (tmp_path / "one.jsonl").write_text(text)
    assert Journal(tmp_path).standings()["q"] == Standing("A", ("B",))


def test_a_folder_that_cannot_be_written_keeps_the_answers_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    journal = Journal(blocked)
    journal.add("answer", "q", "A")
    assert "cannot be saved" in journal.trouble and "LIFECYCLE_HOME" in journal.trouble
    assert journal.standings()["q"].first == "A"


def test_the_home_folder_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIFECYCLE_HOME", str(tmp_path))
    assert home() == tmp_path / "progress"
    monkeypatch.delenv("LIFECYCLE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home().name == "progress" and home().parent.name == "lifecycle"


def test_without_platformdirs_the_record_lies_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFECYCLE_HOME")
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    assert home() == Path.home() / ".lifecycle" / "progress"
