"""leaks-x4: a report of all or nothing. The judge sees the folder, and the open files, from outside."""

import itertools
import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

from lessons import browser
from lessons.exercises import Asked, Callback, Fact, Facts, Judge, Rule, Sheet, attempt, exactly, ruled, short
from lessons.exercises.exercise import Attempt, described, unchanged
from lessons.exercises.leaks_parts import Hollow, by_error, errors_go_on, in_an_except


class Run(Fact):
    """One run of the sink, in a folder of its own, and what was seen of it.

    kind: "run", "made" (it was not entered), "false" (so is its error), "blocked" (no file can be put at the
    path), "stuck" (the file beside it is gone), "full" (the disk is full from the last record on), "odd" (a
    record is not JSON) or "empty" (no record came).
    other: another report in the same folder. raises: the kind of an error that is raised in the answer.
    ends: what must become of the report: "new", "old", or "either" if the failure came as late as that.
    meant: the error that left the block, if one was to. old: the report that is there at first.
    """

    def __init__(self, judge: Judge, path: Path, old: bool = True, **known: Any) -> None:
        ends = "new" if known.get("meant") is known.get("raises") is None else "old"
        usual = {"kind": "run", "ends": ends, "meant": None, "raises": None, "began": False,
                 "other_name": False, "arrived": 0, "other": None, "undo": lambda: None}  # fmt: skip
        super().__init__(**usual | known, judge=judge, path=path, before=judge.files())
        self.looks: list[tuple[set[int], bytes | None, object]] = []
        path.parent.mkdir(exist_ok=True)
        if old:
            path.write_bytes(json.dumps({"station": "Lund", "day": 0, "celsius": 3.5}).encode() + b"\n")
        self.of, self.old = len(self.records), self.read()

    def run(self, answer: Any, written: list[Any], end: Any = None) -> Self:
        """Write records in a `with` of the sink; at its end call `end`, or raise what is meant."""
        sinks: list[Any] = []

        def block() -> None:
            sinks.append(answer(self.path))
            if self.kind == "made":
                return
            with sinks[0] as sink:
                self.began, self.other_name = True, sink is not sinks[0]
                for record in written:
                    if self.kind == "full" and record is written[-1]:
                        self.fill()
                    sinks[0].write(record)
                    self.arrived += 1
                    self.look(sinks[0], len(str(record)) > 50_000)
                if end:
                    end(self)
                if self.meant is not None:
                    raise self.meant

        handled = self.judge.witness, in_an_except, Callback(block)
        tried = attempt(*handled) if "except" in self.when else attempt(block)
        self.undo()
        self.over(sinks[0] if sinks else None)
        return self.said(tried)

    def look(self, sink: Any, large: bool) -> None:
        """Note what is there while the run is under way. large: whether no buffer has room for the record."""
        if not self.looks:
            # The host holds whatever it shows: no luck closes what the sink holds.
            attempt(self.judge.witness, vars, sink)
        there = [(self.path.parent / name).stat() for name in self.extra()]
        beside = {one.st_ino for one in there if not large or one.st_size > 50_000}
        self.looks.append((beside, self.read(), attempt(getattr, sink, "kept").value))

    def over(self, sink: Any) -> None:
        """Note what the sink says at the end of its run, and what it has left behind."""
        self.accepted, self.kept = (attempt(getattr, sink, name).value for name in ("accepted", "kept"))
        files, extra = self.judge.files(), self.extra()
        self.open = bool((files or set()) - (self.before or set()))
        hidden = files is None and self.judge.process() is not None
        self.left = " and ".join(filter(None, (
            "a file is still open" if self.open else "",
            "your process hides which files it has open" if hidden else "",
            f"`{'`, `'.join(extra)}` is left beside the report" if extra else "",
        )))  # fmt: skip
        found = self.read()
        lines = (found or b"").splitlines()
        self.rows = attempt(lambda: [json.loads(line.decode("utf-8")) for line in lines]).value
        ended, self.new = found is not None and found[-1:] in (b"", b"\n"), found != self.old
        self.whole = self.rows == self.records and ended
        self.in_report = len(self.rows or []) if self.new else 0
        there = "there is none" if found is None else f"{len(lines)} are in it"
        self.there = "a line of it is not JSON in UTF-8" if self.rows is None else there
        self.there += "" if ended or not lines else ", the last one without an end of line"
        self.waits = ". A file is still open, and what was written last waits in it" if self.open else ""
        self.middle = "the old report is gone, and a reader finds half of the new one"
        if not any(report != self.old for _, report, _ in self.looks):
            memory = "a record that came is in no file beside the report"
            self.middle = memory if any(not beside for beside, _, _ in self.looks) else ""
        self.early = next((short(kept) for *_, kept in self.looks if not exactly(kept, 0)), "")
        # Whether it is one of the files that were beside it during the run, not a copy of one.
        place = attempt(lambda: self.path.stat().st_ino).value
        self.moved = any(place in beside for beside, _, _ in self.looks)
        self.told = f"`accepted` is {short(self.accepted)}, and `kept` is {short(self.kept)}"

    def said(self, tried: Attempt) -> Self:
        """Note what came out, and what follows from it."""
        error: Any = tried.error
        self.error, self.raised = error, "nothing" if error is None else described(error)
        self.ctrl_c = not isinstance(self.meant, Exception | None)
        late = self.raises is not None and (error is not None or self.kind == "odd")
        self.must_raise, self.by_exit = self.meant is not None or late, self.meant is not None
        # If closing fails after an error, the task does not say which of the two errors comes out.
        self.same_error = unchanged(tried, self.meant) or (self.kind == "full" and error is not None)
        self.kind: str = "run" if self.kind == "odd" and error is not None else self.kind
        if late:
            before = error.__context__ if self.kind == "blocked" else None  # deleting what is gone fails, too
            self.same_error = isinstance(error, self.raises) and not (error.__cause__ or before)
        self.settled = self.whole or (self.kind != "full" and self.ends == "old" and not self.in_report)
        return self

    def read(self) -> bytes | None:
        """The bytes at the path; None if no file is there."""
        found: bytes | None = attempt(self.path.read_bytes).value
        return found

    def extra(self) -> list[str]:
        """The names of all that is beside the report, or in a folder at its path."""
        ours = (self.path, self.path / "in the way", self.other)
        there = [one for one in self.path.parent.rglob("*") if one not in ours]
        return sorted(one.relative_to(self.path.parent).as_posix() for one in there)

    def block(self) -> None:
        """Put a folder that is not empty at the path: no file can take its place."""
        self.path.unlink(missing_ok=True)
        self.path.mkdir()
        (self.path / "in the way").touch()

    def lose(self) -> None:
        """Delete all files beside the report: none of them can take its place."""
        for name in self.extra():
            attempt((self.path.parent / name).unlink)  # not every system deletes an open file

    def fill(self) -> None:
        """Let the host's process write no more bytes, as on a full disk, where the system can do that."""
        if browser.here():
            self.undo: Callable[[], object] = browser.full_disk()
            return
        pid = self.judge.process() or os.getpid()
        # As the host's own user: in a container, root may not be allowed to limit another user's process.
        try:
            owner, limits = os.stat(f"/proc/{pid}"), Path(f"/proc/{pid}/limits").read_text()
            usual = limits.partition("Max file size")[2].split()[0]
            limit = partial(
                subprocess.run, check=True, capture_output=True, user=owner.st_uid, group=owner.st_gid
            )
            limit(["prlimit", f"--pid={pid}", "--fsize=0:"])
        except (OSError, subprocess.CalledProcessError):
            self.kind = "room"  # then the verdict says that no full disk was tried
            return
        self.undo = lambda: attempt(limit, ["prlimit", f"--pid={pid}", f"--fsize={usual}:"])


def night(sheet: Sheet) -> tuple[str, list[Any], list[Any]]:
    """The name of a report, its records, and the first few of them."""
    variant, records = sheet.variant, sheet.given
    for record in records:
        record["station"] = "Ålesund"  # not ASCII, so that UTF-8 shows; a Latin-1 file can hold it, too
    name = f"{variant.stations('leaks-x4', 1)[0]}.jsonl"
    return name, records, records[: variant.number("leaks-x4 fails", 2, 3)]


def each_run(answer: Any, sheet: Sheet) -> Facts:
    """One run without a failure; then one for each failure, also by Ctrl-C, and at each record."""
    name, every, some = night(sheet)
    numbers = itertools.count()
    with sheet.judge.folder() as folder:

        def run(when: str, written: list[Any], meant: Any = None, end: Any = None, **known: Any) -> Run:
            known = {"when": when, "meant": meant, "records": every, **known}
            return Run(sheet.judge, folder / f"{next(numbers)}" / name, **known).run(answer, written, end)

        whole = run("after a run without a failure", every)
        if whole.error is not None:
            raise whole.error
        yield whole
        for number in range(len(every) + 1):
            for name_of, error in (("an `OSError`", OSError("no answer")), ("Ctrl-C", KeyboardInterrupt())):
                yield run(f"after {name_of} when {number} records had come", every[:number], error)
        yield run("before the sink was entered", [], kind="made", ends="old")
        odd = [{"station": "L" * 300_000}, *every, {}]  # a batch would keep back the first
        new = "after a run in an `except` block of the caller, where no report was before"
        yield run(new, odd, old=False, records=odd)
        yield run("after `sys.exit` left the block", some, SystemExit(0))
        yield run("after a `GeneratorExit` left the block", some, GeneratorExit())
        yield run("after an error that is false left the block", some, Hollow(), kind="false")
        yield run("after a failure where no report was before", some, KeyError("missing"), old=False)
        yield run("after a record that JSON refuses", [*some, {"a": {1}}], kind="odd", raises=TypeError)
        in_the_way = "after a folder had been put at the report's path"
        yield run(in_the_way, every, end=Run.block, kind="blocked", raises=OSError)
        gone = "after the file beside the report had been deleted"
        yield run(gone, every, end=Run.lose, kind="stuck", raises=OSError)
        full = "after the disk had become full before the last record"
        yield run(full, every, kind="full", ends="either")
        yield run(f"{full}, and an error had left the block", some, ValueError("missing"), kind="full")
        yield run("after a run without a record", [], kind="empty", records=[])


def two_at_once(answer: Any, sheet: Sheet) -> Facts:
    """Two reports in one folder, both made before the first is entered; records are written in turn."""
    name, every, some = night(sheet)
    with sheet.judge.folder() as folder:
        paths = folder / name, folder / name.replace(".", "-2.")
        pair = [Run(sheet.judge, paths[0], records=every, other=paths[1]),
                Run(sheet.judge, paths[1], old=False, records=some, other=paths[0])]  # fmt: skip
        sinks: list[Any] = []

        def blocks() -> None:
            sinks.extend(map(answer, paths))
            with sinks[0], sinks[1]:
                for record in every:
                    sinks[0].write(record)
                    if record in some:
                        sinks[1].write(record)

        tried = attempt(blocks)
        for run, sink in zip(pair, sinks or [None, None], strict=True):
            run.over(sink)
        first, second = (f"{len(run.rows or [])} of {run.of}" for run in pair)
        left = "".join(f" Afterwards {run.left}." for run in pair if run.left)
        came = f"; {tried.raised} came out" if tried.error else ""
        yield Fact(
            first=first, second=second + came, right=all(run.whole for run in pair), left=left,
            counts=", and ".join(run.told for run in pair),
            counted=all(exactly([run.accepted, run.kept], [run.of] * 2) for run in pair),
        )  # fmt: skip


TWO = "Store what belongs to one report in `self.…`, not in its class. Name its other file after it."
ONE_STEP = "`os.replace(new, path)` puts the file itself in the report's place, in one step."
LATE = "`kept` is 0 until the new report has taken the old one's place; from then on it is `accepted`."
DELETE = "`__exit__` runs here, too. Close the file, and in a `finally` delete it if it is not the report."
NO_FULL_DISK = Rule(
    each_run,
    lambda run: run.kind == "room",
    "On this system, a check cannot try a full disk. Grading tries it, on Linux.",
)
NO_LIST = Rule(
    each_run,
    lambda run: run.before is None,
    "On this system, a check cannot see which files are open. Grading sees it, on Linux.",
)
# A file that is never closed costs three aspects: the report lacks its last rows, and the file stays open,
# also when replacing fails.
REPORT = Asked("the report is all of a run that succeeded, or the old one", 3, (
    Rule(each_run, lambda run: run.kind == "run" and run.middle, "in the middle of a run {middle}.", "",
         "Write each record at once into a file with another name beside it. Leave the report to the end."),
    Rule(each_run, lambda run: run.kind in ("run", "empty") and run.ends == "new" and not run.whole,
         "{when}, {of} records belong in the report, and {there}{waits}.", "",
         "Write `json.dumps(record)` and an end of line for each record, in UTF-8. If `kind` is `None`, also "
         "when no record came, close the file, and then let it take the report's place with `os.replace`."),
    Rule(each_run, lambda run: run.kind == "run" and run.new and (run.ends == "old" or not run.whole),
         "{when}, a new report of {in_report} records was in the old one's place, instead of {of}.", "",
         "Replace it only if the run has succeeded: which argument of `__exit__` says so?"),
    Rule(each_run, lambda run: run.kind == "run" and run.ends == "new" and not run.moved,
         "{when}, the report is a copy of the file that was beside it: a failure in the middle of the "
         "copying leaves half a report.", "", ONE_STEP),
    Rule(each_run, lambda run: run.kind in ("stuck", "full", "false") and run.new and not run.whole,
         "{when}, the old report is gone. Of the {of} records of a new one, {there}.", "",
         "A run has succeeded only if `kind` is `None`. Close the file before the new report takes its "
         f"place: closing writes the buffer, and it can fail. {ONE_STEP} Delete nothing else."),
    Rule(two_at_once, lambda two: not two.right,
         "two reports were open at once, in one folder. Records in them: {first}, and {second}.", "", TWO),
), untried=[NO_FULL_DISK])  # fmt: skip
NOTHING_LEFT = Asked("no file stays open, and none is left beside the report", 1, (
    Rule(each_run, lambda run: run.kind == "made" and run.left,
         "{when}, {left}.", "",
         "Open the file in `__enter__`: `__exit__` runs only if that has run."),
    *by_error(each_run, lambda run: run.kind in ("run", "full") and run.left
              and not isinstance(run.meant, SystemExit | GeneratorExit), "{when}, {left}.", "", DELETE),
    Rule(each_run, lambda run: run.kind == "run" and run.left, "{when}, {left}.", "", DELETE),
    # If the records are in the wrong place, the first aspect has said so.
    Rule(two_at_once, lambda two: two.right and two.left,
         "two reports were open at the same time, in one folder.{left}", "", TWO),
), untried=[NO_LIST, NO_FULL_DISK])  # fmt: skip
REPLACING = Asked("nor when the replacing fails", 1, (
    Rule(each_run, lambda run: run.kind in ("blocked", "stuck") and run.left,
         "{when}, so that no file can take its place, {raised} came out, and {left}.", "",
         "A line of `__exit__` can fail. Close the file before you replace the report, and delete it in a "
         "`finally` or an `except` with `raise`. Use `os.replace`: `shutil.move` moves it into a folder."),
    Rule(each_run, lambda run: run.kind in ("blocked", "stuck", "full") and not (run.whole or run.error),
         "{when}, there was no complete new report, and no error came out.", "",
         "Let the error of `write`, `close()` or `os.replace` go on."),
), untried=[NO_FULL_DISK])  # fmt: skip
COUNTS = Asked("accepted and kept are told apart", 1, (
    Rule(each_run, lambda run: run.early,
         "in the middle of a run, `kept` is {early}, and none of it is in the report.", "", LATE),
    # If the report is not whole, the first aspect has said so.
    Rule(each_run, lambda run: run.began and not (exactly(run.accepted, run.arrived)
         and (exactly(run.kept, run.in_report) or not run.settled)),
         "{when}, {arrived} records had been written, {in_report} of them are in the report, and {told}.", "",
         f"Count a record when it is written, and not before: that line may fail. {LATE}"),
    Rule(each_run, lambda run: run.other_name,
         "after `with DailyReport(path) as report:`, `report` is not the sink.", "",
         "The name after `as` refers to what `__enter__` returns: end it with `return self`."),
    Rule(two_at_once, lambda two: two.right and not two.counted,
         "two reports were open at the same time. Afterwards {counts}.", "", TWO),
))  # fmt: skip
GOES_ON = Asked("the run's error goes on", 1, (
    Rule(each_run, lambda run: run.kind == "empty" and run.error is not None,
         "{when}, {raised} came out, and nothing had failed.", "", "A station may be silent for a day."),
    *errors_go_on(each_run),
))  # fmt: skip
ruled("leaks-x4", "A report of all or nothing", kind="build", answer="DailyReport", version=7,
      given=lambda variant: variant.readings("leaks-x4", variant.number("leaks-x4", 4, 7)),
      asked=[REPORT, NOTHING_LEFT, REPLACING, COUNTS, GOES_ON])  # fmt: skip
