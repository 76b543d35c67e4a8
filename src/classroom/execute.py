"""Grade one submission: run it cell by cell in a kernel of its own, and record what a judge outside saw.

While a check cell runs, a judge listens outside the sandbox, and the kernel shows it the answer. The cell's
own output does not count: the judge's verdict replaces it.

`graded(job)` is a plain function of plain data, so that it runs in any `concurrent.futures` executor. It
never raises. If a kernel dies, the points earned before are kept, and a new kernel continues with the cells
after the one that ended it.
"""

import contextlib
import json
import queue
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient

from classroom import intake
from classroom.intake import Slot, SubmittedCell, Template
from classroom.sandbox import Limits, Sandbox
from classroom.trouble import Trouble
from lessons.judge import wire
from lessons.judge.clock import BUSY, Clock
from lessons.judge.home import Ended, Server, judge
from lessons.judge.verdict import Verdict

KEPT = 100_000  # characters of output that a cell keeps
FLOOD = 5_000_000  # characters of output after which a cell is stopped
KEPT_IN_ALL = 10_000_000  # characters of output that a notebook keeps
TRACED = 4_000  # characters of a traceback's entry that are kept: a value's text can have any length
SETTLING = 1.0  # seconds to wait for a request's last reply
DEATHS = 3  # how many kernels may die before the rest of a notebook is not run
JUDGING = 45.0  # the fewest seconds for a check cell: more than a judge takes for any exercise of the kit
LOST = "lost"
"""The status of a submission that a cluster lost: it was not graded, and nothing is recorded."""

_READY_SECONDS = 60.0


class Busy(Exception):
    """The machine was too busy to run a submission, which says nothing about its answers."""

    def __str__(self) -> str:
        return "The machine was too busy, twice: run the same command again, with fewer workers on it."


@dataclass(frozen=True)
class Times:
    """How long a submission may take, in seconds: one cell, and the whole notebook."""

    cell: float = 30.0
    notebook: float = 240.0
    grace: float = 2.0


@dataclass(frozen=True)
class Job:
    """One submission to grade. release, files: the released notebook's bytes, and the files beside it.

    seeds: the judge's seeds by exercise; an exercise without a seed gets a new one.
    """

    student: str
    notebook: bytes
    release: bytes
    variant: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    seeds: Mapping[str, str] = field(default_factory=dict)
    times: Times = Times()
    sandboxed: bool = True


@dataclass
class Score:
    """A check cell's verdict, in the cell's own points. note: why there is none, or why it is incomplete."""

    worth: float
    points: float = 0.0
    status: str = "not run"
    belief: str = ""
    version: str = ""
    aspects: list[dict[str, Any]] = field(default_factory=list)
    seed: str = ""
    note: str = ""


@dataclass
class Result:
    """The result of a job: the executed notebook as text, and in `scores` an entry for each check cell."""

    student: str
    status: str = "graded"
    note: str = ""
    notebook: str = ""
    scores: dict[str, Score] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)
    needs_person: bool = False
    sandboxed: bool = True


def graded(job: Job) -> Result:
    """Grade one submission. Never raises: errors are told in the result's status and note."""
    try:
        try:
            return _graded(job)
        except (Trouble, Busy):
            # A machine may be busy only for a short time.
            return _graded(job)
    except Trouble as trouble:
        return Result(job.student, "no kernel", str(trouble), sandboxed=job.sandboxed)
    except Exception as error:
        failed = f"The grader itself failed: {intake.described(error)}."
        note = str(error) if isinstance(error, Busy) else failed
        return ungraded(job.student, Template.read(job.release), "stopped", note, job.sandboxed)


def ungraded(student: str, template: Template, status: str, note: str, sandboxed: bool = True) -> Result:
    """The result of a submission that cannot be run: no points, the released cells, and the reason."""
    cells = intake.bare(template, f"**Not graded ({status}).** {note}")
    scores = {slot.id: Score(slot.points, note=note) for slot in template.slots if slot.check}
    for cell in cells:
        if cell.slot and cell.slot.check:
            cell.outputs = [_number(0)]
    return Result(student, status, note, intake.notebook(cells), scores, [], status != "empty", sandboxed)


def _graded(job: Job) -> Result:
    template = Template.read(job.release)
    try:
        cells, notes = intake.rebuilt(job.notebook, template)
    except intake.Refused as refused:
        return ungraded(job.student, template, refused.status, refused.note, job.sandboxed)
    run = _SubmissionRun(job, template, cells)
    run.all()
    lost = any(score.points < score.worth for score in run.scores.values())
    # The notes are printed, and a submission chooses names in them.
    evidence = [intake.printable(line) for line in (*notes, *run.evidence)]
    made, needs = intake.notebook(cells), run.cut and lost
    return Result(job.student, "graded", run.note, made, run.scores, evidence, needs, job.sandboxed)


class _SubmissionRun:
    """The run of one submission. cut: some part did not run to its end, perhaps not due to the answers."""

    def __init__(self, job: Job, template: Template, cells: list[SubmittedCell]) -> None:
        self.job, self.template, self.cells = job, template, cells
        self.waiting = [cell for cell in cells if cell.type == "code"]
        self.scores = {slot.id: Score(slot.points) for slot in template.slots if slot.check}
        self.evidence: list[str] = []
        self.cut = False
        self.deaths = 0
        self.deadly: set[str] = set()
        self.tried: set[str] = set()
        self.note = ""
        self.over, self.lost = time.monotonic() + job.times.notebook, 0.0
        self.setup = template.setup.source if template.setup else ""

    def all(self) -> None:
        """Run all cells."""
        while self.waiting and self.deaths < DEATHS and self.left() > 0:
            with opened(self.job) as kernel:
                if self.cut:
                    kernel.run(self.setup, self.seconds())
                while self.waiting and self.left() > 0 and self.next(kernel):
                    self.lost, kernel.lost = self.lost + kernel.lost, 0.0
        why = "the time for the whole notebook was over" if self.left() <= 0 else "its kernel died too often"
        for cell in self.waiting:
            self.cut = True
            cell.outputs = [_text(f"Not run: {why}.")]
            if cell.slot and cell.slot.check:
                self.scores[cell.slot.id].note = f"Not run: {why}."
                self.note = self.note or f"Not run: {why}."
        for cell in self.cells:
            if cell.slot and cell.slot.check:
                score = self.scores[cell.slot.id]
                score.note = intake.printable(score.note)
                _finish(cell, score)

    def next(self, kernel: "Kernel") -> bool:
        """Run the next cell, and say whether the kernel can run another one."""
        cell = self.waiting.pop(0)
        name = cell.slot.id if cell.slot else cell.id
        whole = True
        if cell.slot and cell.slot.check:
            whole = self.check(kernel, cell)
        elif cell.source.strip():
            ran = kernel.run(cell.source, self.seconds())
            cell.outputs = ran.outputs
            kernel.answers.add(name)
            whole = kernel.alive() or kernel.killed or not cell.slot
            if ran.end:
                self.evidence.append(f"{name}: {_ENDS[ran.end]}")
        if not whole and name not in self.tried:
            # An `exit` in an earlier cell ends a kernel a moment later. This cell is not the cause.
            self.tried.add(name)
            self.waiting.insert(0, cell)
            self.evidence.append(f"{name}: the kernel had ended; the cell ran again in a new one.")
        elif kernel.alive():
            return True
        else:
            self.deaths += 1
            self.deadly.add(name)
            note = f"The kernel died in the cell {name}; the cells after it ran in a new one."
            self.note = self.note or note
            ended = {"memory": " It used more memory than is allowed.", "time": " Its time was up."}
            self.evidence.append(f"{name}: the kernel died here.{ended.get(kernel.sandbox.ended_by, '')}")
        self.cut = True
        return False

    def check(self, kernel: "Kernel", cell: SubmittedCell) -> bool:
        """Run a check cell, and note what the judge saw; False if the kernel ended and points are missing."""
        slot = cell.slot
        assert slot is not None
        score = self.scores[slot.id] = Score(slot.points)
        if not slot.exercise:
            _plain(kernel, cell, score, self.seconds())
            return True
        answer = self.template.answer_of(slot)
        if answer and answer.id not in kernel.answers | self.deadly:
            # It ran in a kernel that another cell has ended.
            source = next((one.source for one in self.cells if one.slot is answer), "")
            kernel.run(source, self.seconds())
        seconds = max(0.1, min(max(JUDGING, self.job.times.cell), self.left()))
        try:
            ran, verdict = judged(kernel, self.job, slot, seconds)
        except Ended as error:
            self.cut = True
            score.note = f"The judge itself failed: {error}."
            return True
        self.take(cell, score, ran, verdict)
        ended = not kernel.alive() and not kernel.killed
        return not ended or bool(verdict and verdict.points == verdict.worth)

    def take(self, cell: SubmittedCell, score: Score, ran: "Ran", verdict: Verdict | None) -> None:
        """Record a verdict, or why there is none, in place of the check cell's own output."""
        cell.outputs = []
        if ran.end:
            self.cut = True
            score.note = _ENDS[ran.end]
        if verdict is not None:
            told = verdict.as_dict()
            score.points = round(score.worth * verdict.points / (verdict.worth or 1), 4)
            for key in ("status", "belief", "version", "aspects", "seed"):
                setattr(score, key, told[key])
            shown = {"output_type": "display_data", "data": verdict._repr_mimebundle_(), "metadata": {}}
            cell.outputs = [shown]
            return
        score.status = "missing"
        error = next((one for one in ran.outputs if one["output_type"] == "error"), None)
        if error is not None:
            score.note = f"The check cell raised {error['ename']}: {error['evalue']}"
            self.cut = self.cut or error["ename"] == "Stuck"
        elif not ran.end:
            self.cut = True
            score.note = "The judge was not shown an answer while the check cell ran."

    def left(self) -> float:
        left = self.over - time.monotonic() + min(self.lost, BUSY)
        if left <= 0 and self.lost >= BUSY:
            raise Busy
        return left

    def seconds(self) -> float:
        """How many seconds the next cell may take."""
        return max(0.1, min(self.job.times.cell, self.left()))


_SHOW = '__import__("lessons.judge.home", fromlist=["home"]).show_outside({place!r}, {name})'
"""A kernel runs this for a check cell: it shows the answer of this name to the judge at this address."""


def judged(kernel: "Kernel", job: Job, slot: Slot, seconds: float) -> "tuple[Ran, Verdict | None]":
    """Run a check cell while a judge listens. The verdict is None if the judge received no answer.

    The exercise's id, and an instructor's own check, come from the release. Raises `Ended` or `Busy`.
    """
    own = kernel.sandbox.beside(f"{slot.exercise.replace('-', '_')}/check.py")
    seed, shared = job.seeds.get(slot.exercise, ""), kernel.sandbox.shared if job.sandboxed else ""
    with judge() as server:
        server.ask(slot.exercise, job.variant, seed, own, kernel.sandbox.judge, shared)
        ran = kernel.run(_SHOW.format(place=kernel.sandbox.place, name=slot.name), seconds, server)
        server.stop()
        found = server.verdict()
    if found.unjudged == wire.TOO_BUSY:
        raise Busy
    return ran, None if found.unjudged else found


def _plain(kernel: "Kernel", cell: SubmittedCell, score: Score, seconds: float) -> None:
    """A check cell of nbgrader's own kind: an error gives 0 points, a number that many, anything else all."""
    ran = kernel.run(cell.source, seconds)
    cell.outputs = ran.outputs
    score.status = "wrong"
    if ran.end or any(output["output_type"] == "error" for output in ran.outputs):
        return
    results = [one["data"] for one in ran.outputs if one["output_type"] == "execute_result"]
    score.points = score.worth
    with contextlib.suppress(ValueError, IndexError):
        score.points = min(score.worth, max(0.0, float(results[0].get("text/plain", ""))))
    score.status = "correct" if score.points == score.worth else "almost"


def _finish(cell: SubmittedCell, score: Score) -> None:
    """Give a check cell outputs from which nbgrader reads exactly the same points."""
    kept = []
    for output in cell.outputs:
        if output["output_type"] == "execute_result":
            continue
        if output["output_type"] == "error":
            output = _text("\n".join(output["traceback"])[:KEPT])
        if output["output_type"] == "stream":
            # For nbgrader, anything on standard error is a failure.
            output = {**output, "name": "stdout"}
        kept.append(output)
    if score.note and not any(score.note in str(output.get("text", "")) for output in kept):
        kept.append(_text(score.note))
    cell.outputs = [*kept, _number(score.points)]


def _number(points: float) -> dict[str, Any]:
    data = {"text/plain": f"{points:g}"}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}


def _text(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text + "\n"}


_ENDS = {
    "too long": "the cell took too long and was interrupted.", "dead": "the cell ended its kernel.",
    "stuck": "the cell took too long and ignored the interrupt, so its kernel was ended.",
    "flood": "the cell wrote more output than can be kept and was stopped.",
    "deaf": "the kernel could not be reached any more, and was ended.",
}  # fmt: skip


@dataclass
class Ran:
    """The result of a request. end: "" or what stopped it. size, kept, most: characters of its outputs."""

    most: int
    outputs: list[dict[str, Any]] = field(default_factory=list)
    end: str = ""
    size: int = 0
    kept: int = 0

    def take(self, message: dict[str, Any], request: str) -> bool:
        """Take one message, and say whether it ends the request."""
        with contextlib.suppress(Exception):  # it may be anything
            content, kind = message["content"], message["header"]["msg_type"]
            mine = message["parent_header"].get("msg_id") == request
            if kind == "status":
                return bool(mine and content["execution_state"] == "idle")
            size = len(str(content.get("text", ""))) if kind == "stream" else len(json.dumps(content))
            self.size += size
            if mine and self.kept < self.most:
                self.kept += size
                self._keep(kind, content, size)
        return False

    def _keep(self, kind: str, content: dict[str, Any], size: int) -> None:
        outputs = self.outputs
        if kind == "stream":
            text = str(content["text"])[:KEPT]
            name = "stderr" if content["name"] == "stderr" else "stdout"
            if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == name:
                outputs[-1]["text"] += text
            else:
                outputs.append({"output_type": "stream", "name": name, "text": text})
        elif kind in ("display_data", "execute_result"):
            data = content["data"]
            if size > KEPT:
                data = {"text/plain": f"(an output of {size:,} characters, not kept)"}
            # Only texts, no JSON: programs that read notebooks use recursion, and fail on deeply nested JSON.
            told = {name: text for name, text in data.items() if type(text) is str}
            output = {"output_type": kind, "data": told, "metadata": {}}
            outputs.append(output | ({"execution_count": None} if kind == "execute_result" else {}))
        elif kind == "error":
            trace = [str(line)[:TRACED] for line in content["traceback"][-50:]]
            name, value = str(content["ename"])[:200], str(content["evalue"])[:2_000]
            outputs.append({"output_type": "error", "ename": name, "evalue": value, "traceback": trace})


class Kernel:
    """A running kernel, one request at a time, each with its own time limit."""

    def __init__(self, sandbox: Sandbox, client: BlockingKernelClient, grace: float) -> None:
        self.sandbox, self.client, self.grace = sandbox, client, grace
        self.kept, self.lost = 0, 0.0
        self.answers: set[str] = set()
        self.dead = self.killed = False

    def alive(self) -> bool:
        """Whether it still accepts requests."""
        self.dead = self.dead or not self.sandbox.alive
        return not self.dead

    def run(self, code: str, seconds: float, judge: Server | None = None) -> Ran:
        """Run code for at most so many seconds, then interrupt it, then end the kernel. Raises `Busy`.

        judge: the code shows it an answer; after its verdict the code gets only a short time more.
        """
        ran = Ran(max(0, min(KEPT, KEPT_IN_ALL - self.kept)))
        if not self.alive():
            ran.end = "dead"
            return ran
        try:
            request = self.client.execute(code, allow_stdin=False, stop_on_error=False)
        except zmq.Again:
            # It sent something that was not a message, and that ended the connection.
            ran.end = "deaf"
            self.kill()
            return ran
        clock = Clock(self.sandbox.first, *([judge.process] if judge else []))
        deadline = clock() + seconds
        interrupted = idle = False
        while True:
            if not idle and judge and judge.says():
                idle, deadline = True, min(deadline, clock() + self.grace)
            left = clock.left(deadline)
            if left <= 0 and clock.busy:
                raise Busy
            if left <= 0 or (ran.size > FLOOD and not interrupted):
                if interrupted:
                    ran.end = ran.end if ran.end == "flood" else "stuck"
                    self.kill()
                    break
                ran.end = "flood" if left > 0 else "" if idle else "too long"
                interrupted, deadline = True, clock() + self.grace
                with contextlib.suppress(Exception):
                    self.client.control_channel.send(self.client.session.msg("interrupt_request"))
                continue
            message = self._next(min(left, 0.2))
            if message is None:
                clock.left(0)  # it asks the system now, which forgets what a process lost when that ends
                if not self.alive():
                    ran.end = ran.end or "dead"
                    break
            elif ran.take(message, request):
                self._settle(request)
                break
        clock.left(0)
        self.kept, self.lost = self.kept + ran.kept, self.lost + clock.lost
        return ran

    def _next(self, seconds: float) -> dict[str, Any] | None:
        try:
            message = self.client.get_iopub_msg(timeout=seconds)
            return message if isinstance(message, dict) else None
        except queue.Empty:
            return None
        except Exception:
            # Code in the kernel can also send things that are not messages.
            return {}

    def _settle(self, request: str) -> None:
        """Read the replies that wait, so that they do not pile up, but not for ever: more can always come."""
        until = time.monotonic() + SETTLING
        with contextlib.suppress(Exception):
            while (left := until - time.monotonic()) > 0:
                if self.client.get_shell_msg(timeout=left)["parent_header"].get("msg_id") == request:
                    break

    def kill(self) -> None:
        """End it at once."""
        self.dead = self.killed = True
        self.sandbox.kill()


@contextlib.contextmanager
def opened(job: Job) -> Iterator[Kernel]:
    """A kernel for a job, in the sandbox unless the job says otherwise. Its child processes end with it."""
    limits = Limits(seconds=job.times.notebook + job.times.grace + 60 + 2 * BUSY)
    with Sandbox(job.files, limits, job.sandboxed) as sandbox:
        client = sandbox.client()
        client.start_channels(stdin=False, hb=False)
        try:
            try:
                client.wait_for_ready(timeout=_READY_SECONDS)
            except (RuntimeError, zmq.Again) as error:
                raise Trouble(f"The kernel started, but does not answer: {error}") from error
            kernel = Kernel(sandbox, client, job.times.grace)
            # Without the kit, no check could run, and each of them would look as if it had failed.
            if (ran := kernel.run("import lessons", _READY_SECONDS)).outputs or ran.end:
                why = [f"{one.get('ename')}: {one.get('evalue')}" for one in ran.outputs] or [ran.end]
                raise Trouble(f"The kernel cannot import the kit, so nothing was graded ({why[-1]}).")
            yield kernel
        finally:
            client.stop_channels()
