"""The capstone's page: what `report` says of a pipeline against what it does, and what it writes."""

import re
from pathlib import Path

import pytest
import sqlalchemy

from lessons import report
from lessons.lab import page as room
from lessons.lab.experiments.capstone import facts
from lessons.lab.experiments.faultmap import faultmap
from lessons.lab.page import MARK, NAME, html
from lessons.study.cards import Card
from lifecycle import faults, ledger
from lifecycle.sinks import CsvSink, JsonLinesSink, ListSink, SqlSink
from lifecycle.sources import ListSource
from lifecycle.stages import Filter

RECORDS = [{"day": day} for day in range(6)]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Doubled:
    def process(self, stream):
        for record in stream:
            yield {"day": 2 * record["day"]}


def of(sink=ListSink, *stages):
    return lambda: (ListSource(RECORDS), [stage() for stage in stages], sink())


def table():
    return SqlSink(sqlalchemy.create_engine("sqlite:///days.sqlite"), "days")


def lines():
    return JsonLinesSink("days.jsonl")


def test_the_places_are_those_of_the_map_and_the_counts_those_of_the_sweep():
    build = of(table, Doubled)
    found = facts(build)
    assert found.map.leaks(False) == faultmap(build).leaks(False) > 0
    assert found.map.leaks(True) == 0
    swept = {str(one.fault): one.arrived for one in faults.sweep(build).outcomes}
    whole, failed = found.counts
    assert (whole.accepted, str(failed.fault), failed.accepted) == (
        6,
        "sink, write 4",
        swept["sink, write 4"],
    )
    assert (failed.raised, failed.accepted) == ("OSError: injected: sink, write 4", 3)


@pytest.mark.parametrize(
    ("sink", "kept", "left"),
    [
        (table, 6, 0),
        (lines, 0, 0),
        (lambda: CsvSink("days.csv"), 0, 0),
        (ListSink, 6, 3),
    ],
    ids=["table", "JSON lines", "CSV", "list"],
)
def test_what_a_sink_of_the_kit_keeps_is_read_in_its_place(sink, kept, left):
    # A file is replaced by the next run, and a table grows; so the first is the same before and after.
    whole, failed = facts(of(sink)).counts
    assert whole.after - whole.before == kept
    assert failed.after - failed.before == left
    assert whole.after >= 6


def test_a_sink_of_ones_own_is_asked_by_kept():
    class Half:
        there = 0

        def write(self, record):
            Half.there += 1

    assert [one.after for one in facts(of(Half)).counts] == [None, None]
    whole, failed = facts(of(Half), kept=lambda: Half.there).counts
    assert (whole.after - whole.before, failed.after - failed.before) == (6, 3)


def test_each_part_has_its_own_records_and_time_or_a_reason():
    class Slotted:
        __slots__ = ()

        def process(self, stream):
            yield from stream

    class Lists:
        def process(self, stream):
            return iter(list(stream))

    build = of(ListSink, Doubled, Slotted, Lists, lambda: Filter(lambda record: record["day"] > 2))
    source, doubled, slotted, lists, filtered = facts(build).times
    assert [source.records, doubled.records, filtered.records] == [6, 6, 4]
    assert min(source.seconds, doubled.seconds, filtered.seconds) > 0
    assert "__slots__" in slotted.why and "no `yield`" in lists.why


def test_a_place_where_the_failure_is_swallowed_is_named():
    class Quiet:
        def process(self, stream):
            try:
                yield from stream
            except OSError:
                return

    found = facts(of(ListSink, Quiet))
    assert "source, pull 3" in found.silent and "sink, write 3" not in found.silent
    assert re.search(r"At \d+ places the failure is not reported to the caller: ", found.sentences()[-1])
    assert facts(of()).silence() == []


def test_without_a_sink_the_source_fails():
    whole, failed = facts(lambda: (ListSource(RECORDS), [], None)).counts
    assert (str(failed.fault), failed.accepted, whole.after) == ("source, pull 4", 3, None)


def test_the_page_and_the_cell_say_the_same_and_nothing_is_left(tmp_path):
    report(of())  # matplotlib keeps its fonts open
    before, counted = ledger.held(), ledger.system()
    shown = report(of(lines, Doubled))
    assert ledger.held() == before and ledger.system() == counted
    written = (tmp_path / NAME).read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
    found = facts(of(lines, Doubled))
    assert found.map.sentence in written
    assert found.map.sentence in " ".join(shown.text.split())
    for one in found.counts:
        assert f"<td>{one.accepted}</td>" in written
    assert written.count("Doubled") >= 3 and 'alt="A map of ' in written
    assert not re.search(r"""(src|href)=["'](?!data:)""", written)


def test_a_page_of_its_own_is_replaced_and_no_other_file(tmp_path):
    (tmp_path / NAME).write_text(f"<html>{MARK} an older one", encoding="utf-8")
    report(of())
    assert "an older one" not in (tmp_path / NAME).read_text(encoding="utf-8")
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert "is there already" in str(report(of(), "mine.txt"))
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    report(of())
    before = (tmp_path / NAME).read_bytes()

    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room.os, "replace", full)
    assert "No space left on device" in str(report(of()))
    assert (tmp_path / NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def raising():
    raise KeyError("day")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((), "is needed, not None"),
        ((3,), "is needed, not an int"),
        ((of()(),), "Leave out its parentheses"),
        ((lambda: 3,), "build() returned an int"),
        ((raising,), "KeyError"),
        ((of(), 3), "it was given 3"),
        ((of(), "no/page.html"), "could not be written"),
    ],
)
def test_a_wrong_input_is_a_sentence_and_no_page(given, sentence, tmp_path):
    shown = report(*given)
    assert isinstance(shown, Card)
    assert sentence in " ".join(str(shown).split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kept", "sentence"),
    [
        (3, "it was given 3"),
        (lambda: 1 / 0, "kept() raised ZeroDivisionError"),
        (lambda: "6", "returned a str"),
    ],
)
def test_a_wrong_kept_is_a_sentence(kept, sentence):
    assert sentence in " ".join(str(report(of(), kept=kept)).split())


def test_a_name_of_a_part_is_no_markup():
    odd = type("A<b>", (Doubled,), {})
    assert "A<b>" not in html(facts(of(ListSink, odd)))


def test_where_matplotlib_is_missing_the_map_is_words(monkeypatch):
    def missing(outcome):
        raise ImportError("matplotlib")

    monkeypatch.setattr("lessons.lab.heatmap.heatmap", missing)
    assert '<pre style="word-break:normal">without PipelineContext: ' in html(facts(of()))


def test_a_long_sweep_says_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(room, "PATIENCE", 0.0)
    monkeypatch.setattr(room.hook, "in_kernel", lambda: True)
    report(of())
    assert re.search(r"Working: run 1 of \d+\.", capsys.readouterr().out)


def test_the_page_is_below_the_name_that_was_given(tmp_path):
    (tmp_path / "out").mkdir()
    assert "out/night.html" in str(report(of(), Path("out") / "night.html"))
    assert (tmp_path / "out" / "night.html").is_file()
