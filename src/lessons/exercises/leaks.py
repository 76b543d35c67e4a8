"""Checks of the assignment on leaks: what stays open when a run dies, and who closes it."""

from __future__ import annotations

from typing import Any

from lessons.exercises.exercise import (
    Sheet,
    Wrong,
    attempt,
    described,
    exactly,
    exercise,
    materials,
)
from lessons.exercises.leaks_parts import (
    Desk,
    Filed,
    Reports,
)
from lessons.exercises.variant import Variant
from lessons.words import described as short


@exercise(
    "leaks-x4",
    "A report of all or nothing",
    kind="build",
    answer="DailyReport",
    aspects={
        "the report is all of a run that succeeded, or the old one": 3,
        "no file stays open, and none is left beside the report": 1,
        "nor when the replacing fails": 1,
        "accepted and kept are told apart": 1,
        "the run's error goes on": 1,
    },
    version=2,
    wired=True,
)
def reporting(answer: Any, sheet: Sheet) -> None:
    """Sweep a pipeline into the sink; then use it alone: without an old report, refused, blocked, stopped."""
    with sheet.judge.folder() as folder:
        reports = Reports(answer, sheet.variant, sheet.judge, folder)
        all_of_it, some = reports.records, reports.records[: sheet.variant.number("leaks-x4 fails", 2, 3)]
        done = attempt(
            lambda: [
                *reports.swept(),
                reports.alone("after a run where no report was before", all_of_it, old=False),
            ]
        )
        stopped = [
            attempt(reports.alone, f"after {name} left the block", some, error).value
            for name, error in (
                ("a `ValueError`", ValueError("missing")),
                ("Ctrl-C", KeyboardInterrupt()),
                ("`sys.exit`", SystemExit(1)),
            )
        ]
        fresh = attempt(
            reports.alone,
            "after a failure where no report was before",
            some,
            ValueError("missing"),
            old=False,
        ).value
        refused = attempt(
            reports.alone, "after a record that JSON refuses", [*some, {"station": {1}}], odd=True
        ).value
        blocked = attempt(
            reports.alone, "after a folder had come to stand at the report's path", all_of_it, end=Desk.block
        ).value
        stuck = attempt(
            reports.alone, "after the file beside the report had been deleted", all_of_it, end=Desk.lose
        ).value
        empty = attempt(reports.alone, "after a run without a record", []).value
        extra = [one for one in (*stopped, fresh, refused) if one]

        def runs() -> list[Filed]:
            if done.error is not None:
                raise done.error
            _reported(done.value, all_of_it)
            return [*done.value, *extra]

        with sheet.aspect("the report is all of a run that succeeded, or the old one"):
            _all_or_old(runs(), all_of_it)
            _in_one_step(runs(), stuck)
        with sheet.aspect("no file stays open, and none is left beside the report"):
            for one in sorted(runs(), key=lambda one: (one.ends != "kept", one.interrupt)):
                if one.left and not one.began:
                    raise Wrong(
                        "composition-parts-open-when-made",
                        f"{one.when}, and nobody had entered the sink, {one.left}.",
                        "Open the file in `__enter__`: `__exit__` runs only if that has run.",
                    )
                if one.left:
                    belief = "leaks-except-is-enough" if one.interrupt else "leaks-exit-on-success-only"
                    raise Wrong(
                        "leaks-refcount-closes" if one.ends == "kept" else belief,
                        f"{one.when}, {one.left}.",
                        "`__exit__` runs on this way, too. Close the file in any case, and delete it unless "
                        "it has become the report.",
                    )
        with sheet.aspect("nor when the replacing fails"):
            runs()
            _replaces(blocked)
            if stuck and stuck.desk.rows() != all_of_it:
                _replaces(stuck)
        with sheet.aspect("accepted and kept are told apart"):
            for one in [*runs(), blocked]:
                if one:
                    _told(one)
        with sheet.aspect("the run's error goes on"):
            filed = runs()
            if empty and empty.error is not None:
                raise Wrong(
                    "",
                    f"{empty.when}, {described(empty.error)} came out, and nothing had failed.",
                    "A station may be silent for a day: `__exit__` comes then without a `write` before it.",
                )
            for one in filed:
                if one in (*stopped, fresh) and one.error is None:
                    raise Wrong(
                        "leaks-truthy-is-success",
                        f"{one.when}, no error came out of the `with`: whoever runs the job believes that it "
                        "went well.",
                        "Look at what `__exit__` returns on this way, and whether Python takes it for true.",
                    )
                if one in (*stopped, fresh) and one.error and one.error is not one.meant:
                    raise Wrong(
                        "",
                        f"{one.when}, another error came out: {described(one.error)}.",
                        "`__exit__` raises nothing of its own: Python lets the block's error go on.",
                    )


def _reported(runs: list[Filed], records: list[dict[str, object]]) -> None:
    """Raise `Wrong` unless a run that succeeded has made the report."""
    for one in runs:
        if one.ends != "kept":
            continue
        if one.error is not None:
            raise one.error
        found = one.desk.rows()
        if found == records:
            continue
        there = "something in it is not JSON" if found is None else f"{len(found)} are in it"
        if one.open:
            raise Wrong(
                "leaks-refcount-closes",
                f"{one.when}, {len(records)} records belong in the report, and {there}. A file is still "
                "open, and what was written last waits in its buffer.",
                "Call `close()` on the file before it takes the report's place.",
            )
        raise Wrong(
            "",
            f"{one.when}, {len(records)} records belong in the report, and {there}.",
            "Write `json.dumps(record)` and an end of line for each record, in UTF-8. If `kind` is `None`, "
            "close the file and let it take the report's place by `os.replace`.",
        )


def _all_or_old(runs: list[Filed], records: list[dict[str, object]]) -> None:
    for one in runs:
        if any(found != one.desk.old for found in one.desk.found):
            raise Wrong(
                "leaks-accepted-is-kept",
                "in the middle of a run the old report is gone: who reads it now finds half of the new one.",
                "Write to another name in the same folder, and leave the report alone until the end.",
            )
        if set() in one.desk.beside:
            raise Wrong(
                "",
                "in the middle of a run no file lies beside the report: the records lie in memory, or in "
                "another place.",
                "Open a file of another name in the same folder, and write each record as it comes.",
            )
        if one.kept and not (one.ends != "lost" and one.desk.rows() == records):
            raise Wrong(
                "leaks-except-is-enough" if one.interrupt else "leaks-accepted-is-kept",
                f"{one.when}, a new report of {len(one.desk.rows() or [])} records stood in the place of "
                f"the old one, where a whole one has {len(records)}.",
                "Replace it only if the run has succeeded: which argument of `__exit__` says so?",
            )


def _in_one_step(runs: list[Filed], stuck: Filed | None) -> None:
    """Raise `Wrong` if there is a moment at which neither the old report nor the new one is in its place."""
    for one in runs:
        if one.ends == "kept" and not one.desk.moved:
            raise Wrong(
                "leaks-accepted-is-kept",
                f"{one.when}, the report is a copy of the file that lay beside it: a failure in the middle "
                "of the copying leaves half a report.",
                "`os.replace(new, path)` puts the file itself in the report's place, in one step.",
            )
    if stuck and stuck.kept and stuck.desk.rows() != runs[0].desk.rows():
        raise Wrong(
            "leaks-accepted-is-kept",
            f"{stuck.when}, the old report is gone, and no new one stands in its place.",
            "Delete and rename nothing before: `os.replace(new, path)` does it in one step.",
        )


def _replaces(blocked: Filed | None) -> None:
    if blocked and blocked.left and blocked.error is None:
        raise Wrong(
            "",
            f"{blocked.when}, so that no file can take its place, no error came out, and {blocked.left}.",
            "`os.replace` raises an error then, where `shutil.move` moves the file into the folder. Let the "
            "error go on, and delete the file.",
        )
    if blocked is None or blocked.left:
        raise Wrong(
            "leaks-traceback-keeps",
            f"{blocked.when}, so that no file can take its place, {blocked.left}."
            if blocked
            else "nothing could be seen.",
            "A line of `__exit__` can fail as well. Close the file before you replace the report, and delete "
            "it in a `finally`, or in an `except` that ends in `raise`.",
        )
    if blocked.error is None:
        raise Wrong(
            "",
            f"{blocked.when}, so that no file can take its place, no error came out.",
            "Let the error of `os.replace` go on: there is no new report.",
        )


def _told(one: Filed) -> None:
    accepted, kept = (attempt(getattr, one.sink, name).value for name in ("accepted", "kept"))
    if not one.began:
        return
    if not exactly(accepted, one.arrived):
        raise Wrong(
            "",
            f"{one.when}, {one.arrived} records had been written, and `accepted` is {short(accepted)}.",
            "Count a record when it is written, not before: the line that writes it may fail.",
        )
    early = [claim for claim in one.desk.claims if not exactly(claim, 0)]
    if early:
        raise Wrong(
            "leaks-accepted-is-kept",
            f"in the middle of a run, `kept` is {short(early[0])}, and none of it is in the report.",
            "`kept` is 0 until the new report has taken the old one's place.",
        )
    there = len(one.desk.rows() or []) if one.kept else 0
    if not exactly(kept, there):
        raise Wrong(
            "leaks-accepted-is-kept",
            f"{one.when}, `kept` is {short(kept)}, and {there} of its records are in the report.",
            "`kept` is 0 until the new report has taken the old one's place; from then on it is `accepted`.",
        )


@materials(reporting)
def reported(variant: Variant) -> list[dict[str, object]]:
    """The records of one day."""
    return variant.readings("leaks-x4", variant.number("leaks-x4", 4, 7))
