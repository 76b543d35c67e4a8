"""leaks-x4: a report of all or nothing.

The answer works in a folder that the judge has made. What is in it, and which files the answer's process has
open, is what the judge sees from outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessons.exercises.exercise import Sheet, attempt, described, exactly
from lessons.exercises.leaks_parts import Station, trials
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Judge
from lessons.words import described as short
from lifecycle import faults

# --- what is observed ---


@dataclass(eq=False)
class Run:
    """One run of the sink, in a folder of its own, and what was seen of it."""

    judge: Judge
    path: Path
    records: list[dict[str, object]]
    old: bytes | None
    """The report that is there at first."""
    when: str = ""
    kind: str = "run"
    """"run" (in a pipeline, or alone), "blocked" (no file can be put at the path), "stuck" (the file beside
    the report is gone), "full" (the disk is full from the last record on) or "empty" (no record came)."""
    ends: str = "new"
    """What must become of the report: "new", "old", or "either" if the failure came as late as that."""
    meant: BaseException | None = None
    """The error that left the block, if one was to."""
    ctrl_c: bool = False
    began: bool = False
    """Whether the sink was entered."""
    arrived: int = 0
    error: BaseException | None = None
    names_itself: bool = True
    old_gone: bool = False
    """Whether the report changed in the middle of the run."""
    memory: bool = False
    """Whether in the middle of the run there was no file beside the report."""
    early: object = 0
    """What `kept` was in the middle of the run, if not 0."""
    accepted: object = None
    kept: object = None
    open: bool = False
    """Whether a file is still open."""
    dropped: bool = False
    """Whether the sink refers to no file any more."""
    left: str = ""
    """What is left behind, as text."""
    new: bool = False
    """Whether something new is at the path at the end."""
    rows: list[Any] | None = None
    """The records in the report; None if a line of it is not JSON in UTF-8."""
    moved: bool = False
    """Whether the report is one of the files that were beside it during the run, not a copy of one."""
    undo: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        self.path.parent.mkdir()
        self.before = self.judge.files()
        self.beside: set[int] = set()
        if self.old is not None:
            self.path.write_bytes(self.old)

    def look(self, sink: Any) -> None:
        """Note what is there while the run is under way."""
        if not self.beside:
            # The host holds whatever it shows: no luck closes what the sink holds.
            attempt(self.judge.witness, vars, sink)
        found = {(self.path.parent / name).stat().st_ino for name in self.extra()}
        self.old_gone = self.old_gone or self.read() != self.old
        self.memory = self.memory or not found
        self.beside |= found
        claim = attempt(getattr, sink, "kept").value
        self.early = claim if exactly(self.early, 0) else self.early

    def over(self, sink: Any) -> None:
        """Note what the sink says at the end of its run, and what it has left behind."""
        self.accepted, self.kept = (attempt(getattr, sink, name).value for name in ("accepted", "kept"))
        held = attempt(self.judge.witness, vars, sink).value
        kinds = [type(one).__name__ for one in held.values()] if type(held) is dict else []
        self.dropped = not any("Wrapper" in kind for kind in kinds)
        files, extra = self.judge.files(), self.extra()
        self.open = bool((files or set()) - (self.before or set()))
        hidden = files is None and self.judge.process() is not None
        left = ["a file is still open" if self.open else "",
                "your process hides which files it has open" if hidden else "",
                f"`{'`, `'.join(extra)}` is left beside the report" if extra else ""]  # fmt: skip
        self.left = " and ".join(filter(None, left))
        self.new = self.read() != self.old
        lines = (self.read() or b"").splitlines()
        self.rows = attempt(lambda: [json.loads(line.decode("utf-8")) for line in lines]).value
        self.moved = attempt(lambda: self.path.stat().st_ino).value in self.beside

    def read(self) -> bytes | None:
        """The bytes at the path; None if no file is there."""
        found: bytes | None = attempt(self.path.read_bytes).value
        return found

    def extra(self) -> list[str]:
        """The names of all that is beside the report, or in a folder at its path."""
        ours = (self.path, self.path / "in the way")
        there = [one for one in self.path.parent.rglob("*") if one not in ours]
        return sorted(one.relative_to(self.path.parent).as_posix() for one in there)

    # What may happen to the folder at the end of a run.

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
        try:
            from resource import RLIMIT_FSIZE, prlimit

            pid = self.judge.process() or 0
            soft, hard = prlimit(pid, RLIMIT_FSIZE)
            prlimit(pid, RLIMIT_FSIZE, (0, hard))
        except (ImportError, OSError):
            return
        self.undo = lambda: attempt(prlimit, pid, RLIMIT_FSIZE, (soft, hard))

    # What the rules ask and say.

    @property
    def of(self) -> int:
        """How many records a whole report has."""
        return len(self.records)

    @property
    def whole(self) -> bool:
        """Whether the report is a whole new one."""
        return self.rows == self.records

    @property
    def in_report(self) -> int:
        """How many of the run's records are in the report."""
        return len(self.rows or []) if self.new else 0

    @property
    def there(self) -> str:
        """What is in the report, as text."""
        return "a line of it is not JSON in UTF-8" if self.rows is None else f"{len(self.rows)} are in it"

    @property
    def told(self) -> str:
        """`accepted` and `kept`, as text."""
        return f"`accepted` is {short(self.accepted)}, and `kept` is {short(self.kept)}"

    @property
    def said_early(self) -> str:
        """What `kept` was in the middle of the run, as text."""
        return short(self.early)

    @property
    def raised(self) -> str:
        """What came out, as text."""
        return "nothing" if self.error is None else described(self.error)


class Sensor(Station):
    """A source whose run is looked at before each record but the first, and at the end."""

    run: Run
    sink: Any

    def stream(self) -> Iterator[dict[str, object]]:
        """Yield the records."""
        for record in super().stream():
            yield record
            self.run.look(self.sink)


class Runs:
    """Makes the runs of one answer."""

    def __init__(self, answer: Any, sheet: Sheet, folder: Path) -> None:
        variant = sheet.variant
        self.answer, self.judge, self.folder, self.count = answer, sheet.judge, folder, 0
        self.name = f"{variant.stations('leaks-x4', 1)[0]}.jsonl"
        self.records = variant.readings("leaks-x4", variant.number("leaks-x4", 4, 7))
        for record in self.records:
            record["station"] = "Ålesund"  # not ASCII, so that UTF-8 shows; a Latin-1 file can hold it, too
        self.some = self.records[: variant.number("leaks-x4 fails", 2, 3)]

    def new(self, old: bool = True, **known: Any) -> Run:
        """A run in a new folder, with a report in it, or without one."""
        self.count += 1
        row = json.dumps({"station": "Lund", "day": 0, "celsius": 3.5}).encode() + b"\n"
        path = self.folder / f"{self.count}" / self.name
        return Run(self.judge, path, self.records, row if old else None, **known)

    def swept(self) -> Iterator[Run]:
        """Run in a `PipelineContext`, with a failure at every point; the run without one comes first."""

        def build() -> tuple[Sensor, tuple[()], Any]:
            source = Sensor("sensor", self.records)
            source.run = self.new()
            source.sink = self.answer(source.run.path)
            return source, (), source.sink

        def run(source: Any, stages: Any, sink: Any) -> Any:
            try:
                return faults.withContext(source, stages, sink)
            finally:
                source.part.run.over(source.part.sink)

        for one in trials(build, run):
            if not one.phase and one.tried.error is not None:
                raise one.tried.error
            made = one.source.run
            made.when, made.error, made.arrived = one.when, one.tried.error, one.outcome.arrived
            made.ends = {"": "new", "close": "either"}.get(one.phase, "old")
            made.began, made.ctrl_c = one.phase != "open", one.ctrl_c
            yield made

    def alone(
        self, when: str, records: list[Any], error: BaseException | None = None,
        end: Callable[[Run], object] = lambda run: None, **known: Any,
    ) -> Run:  # fmt: skip
        """Write records in a `with` of the sink alone; at its end call `end`, or raise `error`."""
        run = self.new(when=when, meant=error, **known)
        sinks: list[Any] = []

        def block() -> None:
            sinks.append(self.answer(run.path))
            with sinks[0] as sink:
                run.began, run.names_itself = True, sink is sinks[0]
                for record in records:
                    if run.kind == "full" and record is records[-1]:
                        end(run)
                    sinks[0].write(record)
                    run.arrived += 1
                    run.look(sinks[0])
                if run.kind != "full":
                    end(run)
                if error is not None:
                    raise error

        run.error = attempt(block).error
        run.undo()
        run.over(sinks[0] if sinks else None)
        run.ends = "old" if error else run.ends
        run.ctrl_c = error is not None and not isinstance(error, Exception)
        return run


@contextmanager
def runs(answer: Any, sheet: Sheet) -> Iterator[Runs]:
    """A folder for the runs."""
    with sheet.judge.folder() as folder:
        yield Runs(answer, sheet, folder)


def each_run(answer: Any, sheet: Sheet) -> Iterator[Run]:
    """In a pipeline with a failure at every point; then alone, with failures that no pipeline has."""
    with runs(answer, sheet) as made:
        yield from made.swept()
        yield made.alone("after a run where no report was before", made.records, old=False)
        for name, error in (
            ("a `ValueError`", ValueError("missing")),
            ("Ctrl-C", KeyboardInterrupt()),
            ("`sys.exit`", SystemExit(1)),
        ):
            yield made.alone(f"after {name} left the block", made.some, error)
        failed = "after a failure where no report was before"
        yield made.alone(failed, made.some, ValueError("missing"), old=False)
        refused = [*made.some, {"station": {1}}]
        yield made.alone("after a record that JSON refuses", refused, ends="old")
        in_the_way = "after a folder had been put at the report's path"
        yield made.alone(in_the_way, made.records, kind="blocked", ends="old", end=Run.block)
        gone = "after the file beside the report had been deleted"
        yield made.alone(gone, made.records, kind="stuck", ends="old", end=Run.lose)
        yield made.alone(
            "after the disk had become full before the last record", made.records, kind="full",
            ends="either", end=Run.fill,
        )  # fmt: skip
        yield made.alone("after a run without a record", [], kind="empty")


@dataclass(frozen=True)
class Two:
    """Two reports that were open at the same time, each in a folder of its own; both succeeded."""

    first: str
    second: str
    right: bool
    """Whether both reports are whole."""
    left: str
    counts: str
    counted: bool


def two_at_once(answer: Any, sheet: Sheet) -> Iterator[Two]:
    """Both are made before the first is entered, and records are written to them in turn."""
    with runs(answer, sheet) as made:
        pair = [made.new(), made.new()]
        sinks: list[Any] = []

        def blocks() -> None:
            sinks.extend(answer(run.path) for run in pair)
            with sinks[0], sinks[1]:
                for record in made.records:
                    sinks[0].write(record)
                    if record in made.some:
                        sinks[1].write(record)

        tried = attempt(blocks)
        for run, sink in zip(pair, sinks or [None, None], strict=True):
            run.over(sink)
        came = f"; {tried.raised} came out" if tried.error else ""
        counts = [count for run in pair for count in (run.accepted, run.kept)]
        first, second = (run.rows for run in pair)
        yield Two(
            first=f"{len(first or [])} of {len(made.records)}",
            second=f"{len(second or [])} of {len(made.some)}" + came,
            right=first == made.records and second == made.some,
            left="".join(f" Afterwards {run.left}." for run in pair if run.left),
            counts=", ".join(map(short, counts)),
            counted=exactly(counts, [len(made.records)] * 2 + [len(made.some)] * 2),
        )


# --- the rules ---

TWO = "Keep what belongs to one report in the object itself (`self.…`, set in a method), not in its class."
ONE_STEP = "`os.replace(new, path)` puts the file itself in the report's place, in one step."

# A file that is never closed costs three aspects: the report lacks its last rows, the file stays open, and so
# it does where replacing fails.
REPORT = (
    Rule(each_run, lambda run: run.kind == "run" and run.old_gone,
         "in the middle of a run the old report is gone: whoever reads it now finds half of the new one.", "",
         "Write to another name in the same folder, and leave the report alone until the end."),
    Rule(each_run, lambda run: run.kind == "run" and run.memory,
         "in the middle of a run there is no file beside the report: the records are in memory, or in "
         "another place.", "",
         "Open a file of another name in the same folder, and write each record as it comes."),
    Rule(each_run, lambda run: run.kind == "run" and run.ends == "new" and not run.whole and run.open,
         "{when}, {of} records belong in the report, and {there}. A file is still open, and what was "
         "written last waits in its buffer.", "",
         "Call `close()` on the file before it takes the report's place."),
    Rule(each_run, lambda run: run.kind == "run" and run.ends == "new" and not run.whole,
         "{when}, {of} records belong in the report, and {there}.", "",
         "Write `json.dumps(record)` and an end of line for each record, in UTF-8. If `kind` is `None`, "
         "close the file and let it take the report's place with `os.replace`."),
    Rule(each_run, lambda run: run.kind == "run" and not run.ctrl_c and run.new
         and (run.ends == "old" or not run.whole),
         "{when}, a new report of {in_report} records was in the old one's place, instead of {of}.",
         "leaks-accepted-is-kept", "Replace it only if the run has succeeded: which argument of `__exit__` "
         "says so?"),
    Rule(each_run, lambda run: run.kind == "run" and run.new and (run.ends == "old" or not run.whole),
         "{when}, a new report of {in_report} records was in the old one's place, instead of {of}.",
         "leaks-except-is-enough", "After Ctrl-C, `error` is not an `Exception`, and still it is an error. "
         "Which argument of `__exit__` says that there was none?"),
    Rule(each_run, lambda run: run.kind == "run" and run.ends == "new" and not run.moved,
         "{when}, the report is a copy of the file that was beside it: a failure in the middle of the "
         "copying leaves half a report.", "", ONE_STEP),
    Rule(each_run, lambda run: run.kind == "stuck" and run.new and not run.whole,
         "{when}, the old report is gone, and no new one is in its place.", "",
         f"Delete and rename nothing before that. {ONE_STEP}"),
    Rule(each_run, lambda run: run.kind == "full" and run.new and not run.whole,
         "{when}, the old report is gone, and {there}, where a whole one has {of} records.", "",
         "Close the file before it takes the report's place: closing writes what is in the buffer, and that "
         "can fail."),
    Rule(each_run, lambda run: run.kind == "empty" and run.rows != [],
         "{when}, the report is not an empty one: {there}.", "",
         "A run without a record has succeeded, too: its file takes the report's place."),
    Rule(two_at_once, lambda two: not two.right,
         "two reports were open at the same time, in two folders. In the first one are {first} records, in "
         "the second one {second}.", "", TWO),
)  # fmt: skip

DELETE = (
    "`__exit__` runs in this case, too. Close the file in any case, and delete it unless it has become the "
    "report."
)

NOTHING_LEFT = (
    Rule(each_run, lambda run: run.kind == "run" and not run.began and run.left,
         "{when}, before the sink was entered, {left}.", "composition-parts-open-when-made",
         "Open the file in `__enter__`: `__exit__` runs only if that has run."),
    Rule(each_run, lambda run: run.kind == "run" and run.ends == "new" and run.open and run.dropped,
         "{when}, {left}.", "leaks-refcount-closes",
         "Call `close()`: dropping a name closes nothing that something else refers to."),
    Rule(each_run, lambda run: run.kind == "run" and run.ends == "new" and run.left,
         "{when}, {left}.", "", DELETE),
    Rule(each_run, lambda run: run.kind == "run" and not run.ctrl_c and run.left,
         "{when}, {left}.", "leaks-exit-on-success-only", DELETE),
    Rule(each_run, lambda run: run.kind == "run" and run.left,
         "{when}, {left}.", "leaks-except-is-enough",
         "`KeyboardInterrupt` and `SystemExit` are not subclasses of `Exception`: tidy up in any case."),
    Rule(each_run, lambda run: run.kind == "full" and run.left,
         "{when}, {left}.", "",
         "`close()` writes what is in the buffer, and that can fail. Put it inside the `try` whose `finally` "
         "deletes the file."),
    # If the records are in the wrong place, the first aspect has said so.
    Rule(two_at_once, lambda two: two.right and two.left,
         "two reports were open at the same time, in two folders.{left}", "", TWO),
)  # fmt: skip

REPLACING = (
    Rule(each_run, lambda run: run.kind == "blocked" and run.left and run.error is None,
         "{when}, so that no file can take its place, no error came out, and {left}.", "",
         "`os.replace` raises an error then, where `shutil.move` moves the file into the folder. Let the "
         "error go on, and delete the file."),
    Rule(each_run, lambda run: run.kind in ("blocked", "stuck") and run.left,
         "{when}, so that no file can take its place, {left}.", "",
         "A line of `__exit__` can fail as well. Close the file before you replace the report, and delete "
         "it in a `finally`, or in an `except` that ends in `raise`."),
    Rule(each_run, lambda run: run.kind in ("blocked", "stuck") and not run.whole and run.error is None,
         "{when}, so that no file can take its place, no error came out.", "",
         "Let the error of `os.replace` go on: there is no new report."),
)  # fmt: skip

COUNTS = (
    Rule(each_run, lambda run: run.began and not exactly(run.accepted, run.arrived),
         "{when}, {arrived} records had been written, and {told}.", "",
         "Count a record when it is written, not before: the line that writes it may fail."),
    Rule(each_run, lambda run: run.early != 0,
         "in the middle of a run, `kept` is {said_early}, and none of it is in the report.",
         "leaks-accepted-is-kept", "`kept` is 0 until the new report has taken the old one's place."),
    Rule(each_run, lambda run: run.kind == "run" and run.ends == "old" and run.began and run.arrived
         and exactly(run.kept, run.arrived) and not run.new,
         "{when}, {told}, and none of these records is in the report.", "leaks-accepted-is-kept",
         "`kept` is 0 until the new report has taken the old one's place; from then on it is `accepted`."),
    # If the report is not whole, the first aspect has said so.
    Rule(each_run, lambda run: run.began and (run.whole or (run.kind in ("run", "blocked", "stuck", "empty")
         and run.ends == "old" and not run.in_report)) and not exactly(run.kept, run.in_report),
         "{when}, {told}, and {in_report} of these records are in the report.", "",
         "`kept` is 0 until the new report has taken the old one's place; from then on it is `accepted`."),
    Rule(each_run, lambda run: run.began and not run.names_itself,
         "`as` in `with DailyReport(path) as report:` does not name the sink.", "",
         "`as` names what `__enter__` returns: end it with `return self`."),
    Rule(two_at_once, lambda two: two.right and not two.counted,
         "two reports were open at the same time. `accepted` and `kept` of the one and of the other are "
         "{counts}.", "", TWO),
)  # fmt: skip

GOES_ON = (
    Rule(each_run, lambda run: run.kind == "empty" and run.error is not None,
         "{when}, {raised} came out, and nothing had failed.", "",
         "A station may be silent for a day: `__exit__` comes then without a `write` before it."),
    Rule(each_run, lambda run: run.meant is not None and run.error is None,
         "{when}, no error came out of the `with`: whoever runs the job believes that it went well.",
         "leaks-truthy-is-success",
         "Look at what `__exit__` returns in this case, and whether Python takes it for true."),
    Rule(each_run, lambda run: run.meant is not None and run.error is not run.meant,
         "{when}, another error came out: {raised}.", "",
         "`__exit__` raises nothing of its own: Python lets the block's error go on."),
    Rule(each_run, lambda run: run.kind in ("blocked", "stuck") and run.error is not None
         and not isinstance(run.error, OSError),
         "{when}, another error came out than the one of `os.replace`: {raised}.", "",
         "Let the error go on as it is: where you catch it, end with `raise` without a name."),
)  # fmt: skip


def reported(variant: Variant) -> list[dict[str, object]]:
    """The records of one day."""
    return variant.readings("leaks-x4", variant.number("leaks-x4", 4, 7))


reporting = ruled(
    "leaks-x4",
    "A report of all or nothing",
    kind="build",
    answer="DailyReport",
    version=3,
    given=reported,
    asked=[
        Asked("the report is all of a run that succeeded, or the old one", 3, REPORT),
        Asked("no file stays open, and none is left beside the report", 1, NOTHING_LEFT),
        Asked("nor when the replacing fails", 1, REPLACING),
        Asked("accepted and kept are told apart", 1, COUNTS),
        Asked("the run's error goes on", 1, GOES_ON),
    ],
)
