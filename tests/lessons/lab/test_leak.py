"""LeakLab's experiment against what must be true of any leak, and the widget against the experiment."""

import dataclasses
import errno
import functools
import gc
import os
import re
import shutil
import sys
import tempfile
import weakref

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from lessons import LeakLab
from lessons.collector import quick_collector
from lessons.lab import figures
from lessons.lab.base import drive, values
from lessons.lab.experiments import leak as room
from lessons.lab.experiments.leak import CYCLES, KEEPERS, RESOURCES, ROOM, LeakSettings, leak
from lessons.lab.widgets.leak import page
from lifecycle import ledger
from lifecycle.sources import SqlSource

known = functools.cache(leak)
UPWARDS = [*range(1, ROOM + 1), ROOM, ROOM, ROOM]


def held(**chosen):
    return [crash.held for crash in known(LeakSettings(**chosen)).crashes]


@pytest.fixture(scope="module", autouse=True)
def soon():
    """Nobody gives a slot back, so a worker that waits longer for one gets the same answer later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "TIMEOUT", 0.001)
        yield


@pytest.fixture(scope="module", autouse=True)
def fonts(soon):
    """matplotlib opens a font at its first use and keeps it."""
    figures.leak(leak(LeakSettings(cycles=1)), leak(LeakSettings(cycles=21)))


@pytest.fixture(autouse=True)
def baseline(monkeypatch, tmp_path):
    """Every experiment puts everything back: entries, descriptors, folders, the collector."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gc.freeze()  # again before each test, because the lab unfreezes; what is frozen is never closed by luck
    before = ledger.held(), ledger.system(), gc.isenabled()
    # The collector lists only objects that it looks at. The count of frozen objects says nothing: since
    # Python 3.12 the collector keeps what never dies among them.
    mine: list[object] = []
    yield
    assert any(one is mine for one in gc.get_objects()), "the collector looks at everything again"
    assert (ledger.held(), ledger.system(), gc.isenabled()) == before
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("resource", RESOURCES)
def test_kept_exceptions_use_up_the_room_for_twenty_and_the_next_restart_gets_none(resource):
    outcome = known(LeakSettings(resource, 23))
    assert held(resource=resource, cycles=23) == UPWARDS
    assert [crash.refused for crash in outcome.crashes] == [False] * 20 + [True] * 3
    assert outcome.refused.number == 21
    assert outcome.crashes[0].error == "ValueError: record 3 broke the worker"
    assert outcome.left == 0


@pytest.mark.parametrize("resource", RESOURCES)
def test_with_the_context_nothing_is_held_after_any_of_forty_crashes(resource):
    outcome = known(LeakSettings(resource, CYCLES, context=True))
    assert {(crash.held, crash.unclosed, crash.refused) for crash in outcome.crashes} == {(0, 0, False)}
    assert outcome.sentence.endswith("is held: PipelineContext closed the source each time.")


def test_the_pool_says_so_in_its_own_words():
    assert known(LeakSettings("pool", 21)).refused.error == (
        "TimeoutError: sqlite:///weather.db: QueuePool limit of size 20 overflow 0 reached, "
        f"connection timed out, timeout {room.TIMEOUT:.2f}"
    )


@pytest.mark.parametrize("resource", ["files", "sockets"])
def test_descriptors_run_out_at_the_limit_less_those_in_use(resource):
    outcome = known(LeakSettings(resource, 21))
    limit, used = map(int, re.findall(r"\d+", outcome.limit)[:2])
    assert limit - used == ROOM == outcome.refused.number - 1
    assert os.strerror(errno.EMFILE) in outcome.refused.error


def test_without_a_keeper_reference_counting_closes_files_and_the_ledger_knows_that_nobody_did():
    outcome = known(LeakSettings("files", 24, keeps="nothing"))
    assert held(resource="files", cycles=24, keeps="nothing") == [0] * 24
    assert [crash.unclosed for crash in outcome.crashes] == [*range(1, 25)]
    assert "reference counting closed each one. That is luck." in outcome.sentence


def test_without_a_keeper_the_pool_still_leaks_since_its_connection_is_in_a_cycle():
    assert held(cycles=23, keeps="nothing") == UPWARDS
    assert known(LeakSettings(cycles=5, keeps="nothing")).sentence.endswith(
        "Nothing keeps them, but each has queried the database: its connection and its transaction refer to "
        "each other. Only the collector can free such a cycle."
    )


def test_a_worker_that_only_borrows_a_connection_is_freed_at_once_as_lesson_01_shows():
    outcome = known(LeakSettings(cycles=20, keeps="nothing", queries=False))
    assert held(cycles=20, keeps="nothing", queries=False) == [0] * 20
    assert "reference counting closed each one" in outcome.sentence
    assert held(cycles=20, queries=False) == [*range(1, 21)]


@pytest.mark.parametrize("queries", [True, False])
@pytest.mark.parametrize("keeps", KEEPERS)
def test_why_a_slot_is_held_or_free_is_what_happens_to_its_connection(keeps, queries, tmp_path):
    """By hand: what reference counting frees is gone at once, and a cycle when the collector comes."""
    engine = create_engine(f"sqlite:///{tmp_path / 'own.db'}", poolclass=QueuePool)
    run = room.by_hand_in_a_cycle if keeps == "cycle" else room.by_hand
    kept = []
    with quick_collector():
        source = (SqlSource if queries else room.Borrows)(engine, room._QUERY)
        try:
            run(source, room.breaking(3), room._Arrived())
        except ValueError as error:
            frame = error.__traceback__.tb_next.tb_frame
            assert (frame.f_locals.get("problem") is error) == (keeps == "cycle")
            kept = [error] if keeps == "exceptions" else []
            del frame
        connection = weakref.ref(source._connection)
        del source
        found = connection()
        alone = (
            found is not None and found._transaction is not None and found._transaction.connection is found
        )
        del found
        at_once = connection() is None
        gc.collect()
        later = connection() is None
        kept.clear()
        gc.collect()
    engine.dispose()
    (tmp_path / "own.db").unlink(missing_ok=True)
    for entry in set(ledger.held()):
        ledger.closed(entry)
    fate = known(LeakSettings(cycles=1, keeps=keeps, queries=queries)).crashes[0].fate
    wanted = {(True, True): "counted", (False, False): "kept"}
    if (at_once, later) in wanted:
        assert fate == wanted[at_once, later]
    else:
        assert fate == ("frame" if keeps == "cycle" else "transaction")
        assert fate == "frame" or alone
    assert (fate == "transaction") == (keeps == "nothing" and queries)


EVERY = [
    LeakSettings(resource, 9, context, keeps, collects, queries=queries)
    for resource in ("pool", "files")
    for context in (False, True)
    for keeps in KEEPERS
    for collects in (0, 1, 4)
    for queries in ((True, False) if resource == "pool" else (True,))
]


@pytest.mark.parametrize(
    "chosen",
    # Each file's settings is a subprocess of its own.
    [pytest.param(one, marks=pytest.mark.deep) if one.resource == "files" else one for one in EVERY],
    ids=str,
)
def test_every_worker_has_its_reason_and_the_reasons_add_up(chosen):
    outcome = known(chosen)
    fates = [crash.fate for crash in outcome.crashes]
    assert sum(room.FATES[fate].startswith("held") for fate in fates) == outcome.held
    assert all(reason in outcome.text() for reason in outcome.reasons)
    for fate in set(fates):
        assert sum(room.FATES[fate] in reason for reason in outcome.reasons) == 1
    if chosen.context:
        assert set(fates) == {"context"}
    if chosen.collects == 1:
        assert not {"frame", "transaction"} & set(fates)


def test_the_reasons_name_the_workers_and_say_who_got_none():
    assert known(LeakSettings(cycles=10, keeps="cycle", collects=4)).reasons == (
        f"Pool slots of workers 1 to 8, {room.FATES['collected']}.",
        f"Pool slots of workers 9 and 10, {room.FATES['frame']}.",
        "The other 18 are free.",
    )
    assert known(LeakSettings(cycles=23)).reasons[1] == (
        "Workers 21 to 23 got none, because all 20 were held."
    )
    assert known(LeakSettings(cycles=19)).reasons[1] == "The other one is free."


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_cycle_lasts_until_the_collector_comes(resource):
    assert held(resource=resource, cycles=23, keeps="cycle") == UPWARDS
    assert held(resource=resource, cycles=10, keeps="cycle", collects=4) == [1, 2, 3, 0, 1, 2, 3, 0, 1, 2]


@pytest.mark.parametrize("keeps", ["cycle", "nothing"])
def test_a_collector_that_comes_each_time_is_not_called_reference_counting(keeps):
    outcome = known(LeakSettings(cycles=3, keeps=keeps, collects=1))
    assert outcome.sentence == (
        "3 crashes, and none of the 20 slots is held, although no worker reached its close(): "
        "the collector came after each crash. That is luck. One kept exception ends it."
    )


def test_a_collector_that_comes_too_late_finds_it_used_up():
    outcome = known(LeakSettings(cycles=26, keeps="cycle", collects=25))
    assert outcome.refused.number == 21
    assert [crash.held for crash in outcome.crashes[-2:]] == [0, 1]
    assert outcome.sentence.endswith("Then the collector came: 1 of 20 are held now.")


def test_the_collector_cannot_free_what_a_kept_exception_refers_to():
    assert held(cycles=23, collects=1) == UPWARDS


@pytest.mark.parametrize("breaks", range(1, 7))
def test_as_many_records_arrive_as_came_before_the_one_that_breaks(breaks):
    for context in (False, True):
        outcome = known(LeakSettings(cycles=2, context=context, breaks=breaks))
        assert [crash.accepted for crash in outcome.crashes] == [breaks - 1] * 2


@pytest.mark.parametrize("resource", RESOURCES)
def test_text_is_the_same_at_every_run_and_names_no_place(resource):
    chosen = LeakSettings(resource, 22)
    assert leak(chosen).text() == known(chosen).text()
    assert tempfile.gettempdir() not in known(chosen).text()
    assert known(chosen).sentence in known(chosen).text()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resource", "threads"),
        ("keeps", "me"),
        ("cycles", 0),
        ("cycles", 41),
        ("cycles", True),
        ("breaks", 7),
    ],
)
def test_a_setting_that_is_not_allowed_names_those_that_are(field, value):
    with pytest.raises(ValueError, match=rf"{field}={value!r} is not (one of|a whole number from)"):
        LeakSettings(**{field: value})


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        LeakSettings,
        st.sampled_from(["pool", "pool", "files"]),
        st.integers(1, CYCLES),
        st.booleans(),
        st.sampled_from([*KEEPERS]),
        st.integers(0, CYCLES),
        st.integers(1, 6),
    )
)
def test_whatever_is_set_counts_hold_together_and_everything_is_put_back(chosen):
    before = ledger.held()
    outcome = leak(chosen)
    assert ledger.held() == before
    assert outcome.left == 0
    assert [crash.number for crash in outcome.crashes] == [*range(1, chosen.cycles + 1)]
    last = 0
    for crash in outcome.crashes:
        assert 0 <= crash.held <= min(ROOM, last + 1)
        assert crash.held <= crash.unclosed
        assert not crash.refused or last == ROOM
        if chosen.context:
            assert crash.held == crash.unclosed == 0
        last = crash.held
    assert outcome.sentence


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_before(enabled):
    was = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        leak(LeakSettings(cycles=2))
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if was else gc.disable)()


def test_where_limits_do_not_exist_it_says_so_and_the_widget_goes_on(monkeypatch):
    monkeypatch.setattr(room, "_has_limits", lambda: False)
    outcome = leak(LeakSettings("sockets", 3))
    assert outcome.lacking == outcome.sentence
    assert "Choose the pool: it runs here." in outcome.text()
    lab = LeakLab("sockets")
    assert lab.sentence == outcome.sentence and lab.shown.value == "" and not lab.errors
    drive(lab, "resource", "pool")
    assert "1 of 20 pool slots" in lab.sentence
    lab.close()


def test_a_subprocess_that_ends_early_is_an_error_that_says_so(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="the subprocess that was to run out of files ended early"):
        leak(LeakSettings("files"))


def test_progress_is_told_after_each_crash_of_the_pools_worker():
    told = []
    leak(LeakSettings(cycles=3), lambda *far: told.append(far))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_interrupt_half_way_leaves_nothing_behind():
    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leak(LeakSettings(cycles=5), interrupt)


# The pictures


def test_the_picture_has_its_numbers_in_words_and_is_the_same_at_every_run():
    without, within = known(LeakSettings(cycles=22)), known(LeakSettings(cycles=22, context=True))
    picture = figures.leak(without, within)
    assert picture.alt == (
        "pool slots held after each crash. Without PipelineContext: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "
        "13, 14, 15, 16, 17, 18, 19, 20, 20, 20; restart 21 gets none. With PipelineContext: "
        "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0."
    )
    assert picture == figures.leak(without, within)
    assert f'role="img" aria-label="{picture.alt}"' in picture.inline()
    assert f'<img alt="{picture.alt}"' in picture._repr_html_()
    assert repr(picture) == picture.alt


def test_the_slots_are_told_in_words_too():
    assert figures.slots(known(LeakSettings(cycles=7))).alt == "7 of 20 pool slots held, 13 free"


def test_a_picture_on_the_page_follows_the_theme_and_keeps_no_stand_in():
    drawing = figures.leak(known(LeakSettings(cycles=22))).inline()
    assert "#0101" not in drawing and "var(--lc-fail, #b93c08)" in drawing
    assert "<style" not in drawing, "a style sheet in a drawing is one for the whole page"
    assert "#0101" not in figures.slots(known(LeakSettings(cycles=3))).inline()


def test_without_matplotlib_the_widget_shows_the_slots_and_says_where_the_numbers_are(monkeypatch):
    figures.leak.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    shown = page(known(LeakSettings(cycles=3)))
    assert "There is no matplotlib here, so the numbers are below as text." in shown
    assert "3 of 20 pool slots held, 17 free" in shown


# The widget


@pytest.fixture
def lab():
    before = set(ipywidgets.widgets.widget._instances)
    lab = LeakLab()
    yield lab
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def agree(lab):
    """The view shows what the plain function answers, and nothing else."""
    outcome = known(lab.settings)
    assert lab.outcome == outcome
    assert lab.sentence == outcome.sentence
    assert lab.voice.twin == outcome.text()
    assert lab.shown.value == page(outcome)
    assert lab.voice.mark == ("fail" if outcome.held or outcome.refused else "ok")
    assert lab.errors == []


def test_it_opens_with_few_controls_and_one_crash(lab):
    few = [name for name in lab.controls if lab.controls[name] in lab._few]
    assert few == ["resource", "cycles", "crash", "context"]
    assert lab.settings == LeakSettings()
    agree(lab)


@pytest.mark.parametrize("name", ["resource", "cycles", "context", "keeps", "collects", "breaks", "queries"])
def test_every_control_through_all_its_values(lab, name):
    if name == "collects":
        with lab.held():
            lab.cycles.value, lab.keeps.value = 8, "cycle"
    for value in values(lab.controls[name]):
        drive(lab, name, value)
        assert getattr(lab.settings, name) == value
        agree(lab)


def test_crashing_once_more_until_it_runs_out_and_to_the_end(lab):
    for cycles in range(2, CYCLES + 1):
        drive(lab, "crash")
        assert lab.settings == LeakSettings(cycles=cycles)
        assert lab.outcome.held == min(cycles, ROOM)
    agree(lab)
    drive(lab, "crash")
    assert lab.sentence == "40 crashes are all this lab shows. Set Crashes back to 1 to start again."
    drive(lab, "cycles", 1)
    agree(lab)


def test_it_starts_as_it_is_told():
    chosen = LeakSettings("files", 5, True, "cycle", 2, 6)
    lab = LeakLab(**dataclasses.asdict(chosen))
    assert lab.settings == chosen
    agree(lab)
    lab.close()


ACTIONS = st.one_of(
    st.tuples(st.just("crash"), st.none()),
    st.tuples(st.just("resource"), st.sampled_from(["pool", "files"])),
    st.tuples(st.just("cycles"), st.integers(1, CYCLES)),
    st.tuples(st.just("context"), st.booleans()),
    st.tuples(st.just("keeps"), st.sampled_from([*KEEPERS])),
    st.tuples(st.just("collects"), st.integers(0, CYCLES)),
    st.tuples(st.just("breaks"), st.integers(1, 6)),
    st.tuples(st.just("queries"), st.booleans()),
    st.tuples(st.just("more"), st.booleans()),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(ACTIONS, max_size=6))
def test_any_sequence_of_actions_ends_in_what_the_plain_function_says(actions):
    before, entries = set(ipywidgets.widgets.widget._instances), ledger.held()
    lab = LeakLab()
    for name, value in actions:
        if (name, lab.cycles.value) != ("crash", CYCLES):
            drive(lab, name, value)
    agree(lab)
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before
    assert ledger.held() == entries


def test_a_long_run_shows_how_far_it_is(lab, monkeypatch):
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr("lessons.lab.widgets.leak.monotonic", lambda: float(next(clock)))
    told = []
    lab.voice.observe(lambda change: told.append(change["new"]), "sentence")
    drive(lab, "cycles", 3)
    assert told[:3] == [f"Working: crash {done} of 3." for done in (1, 2, 3)]
    agree(lab)
