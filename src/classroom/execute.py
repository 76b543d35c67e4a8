"""Grade one submission: run it cell by cell in a kernel of its own, and read what each check gave.

`graded(job)` is a plain function of plain data, so that it runs in any `concurrent.futures` executor. It
never raises. What is earned before a kernel dies is kept; a new kernel goes on with the cells after the one
that killed it.
"""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_core.utils import run_sync

from classroom import canary, inside, intake
from classroom.intake import Slot, SubmittedCell, Template
from classroom.sandbox import Limits, Sandbox
from classroom.trouble import Trouble

KEPT = 100_000
"""Characters of output that a cell keeps."""

FLOOD = 5_000_000
"""Characters of output after which a cell is stopped."""

KEPT_IN_ALL = 10_000_000
"""Characters of output that a notebook keeps."""

TRACED = 4_000
"""Characters of a traceback's entry that are kept; a value's own text can be as long as it likes."""

DEEP = 100
"""How often an output may be nested. What reads notebooks recurses, and fails from about 500 on."""

SETTLING = 1.0
"""Seconds in which a request's last reply comes, or is not waited for."""

DEATHS = 3
"""After how many dead kernels the rest of a notebook is not run."""

_READY_SECONDS = 60.0

PROBE = "application/vnd.lifecycle.probe+json"


@dataclass(frozen=True)
class Times:
    """How long a submission may take, in seconds: one cell, and the whole notebook."""

    cell: float = 30.0
    notebook: float = 240.0
    grace: float = 2.0


@dataclass(frozen=True)
class Job:
    """One submission to grade, with all that it takes.

    release: the released notebook's bytes; files: what lies beside it, by name. variant: the course's.
    solutions: wrong solutions by exercise, each `(name, source)`.
    """

    assignment: str
    student: str
    notebook: bytes
    release: bytes
    variant: str
    solutions: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    times: Times = Times()
    sandboxed: bool = True


@dataclass
class Score:
    """What one check cell gave. `points` count; `withheld` ones wait for a person and are not in them.

    `doubted` ones count, and a person is asked to look at the answer.
    """

    worth: float
    points: float = 0.0
    status: str = "not run"
    belief: str = ""
    version: str = ""
    aspects: list[dict[str, Any]] = field(default_factory=list)
    withheld: bool = False
    doubted: bool = False
    note: str = ""


@dataclass
class Result:
    """What came of a job: `notebook` is the executed one's text; `scores` by check cell, in their order."""

    student: str
    status: str = "graded"
    note: str = ""
    notebook: str = ""
    scores: dict[str, Score] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)
    needs_person: bool = False
    sandboxed: bool = True


def graded(job: Job) -> Result:
    """Grade one submission. Never raises: what goes wrong is the result's status and note."""
    try:
        try:
            return _graded(job)
        except Trouble:
            # A machine under load may be late with a kernel once.
            return _graded(job)
    except Trouble as trouble:
        return Result(job.student, "no kernel", str(trouble), sandboxed=job.sandboxed)
    except Exception as error:
        note = f"The grader itself failed: {intake.described(error)}."
        return ungraded(job.student, Template.read(job.release), "stopped", note, job.sandboxed)


def ungraded(student: str, template: Template, status: str, note: str, sandboxed: bool = True) -> Result:
    """The result of a submission that cannot be run: no points, the released cells, and why."""
    cells = intake.bare(template, f"**Not graded ({status}).** {note}")
    scores = {slot.id: Score(slot.points, note=note) for slot in template.slots if slot.check}
    for cell in cells:
        if cell.slot and cell.slot.check:
            cell.outputs = [_number(0)]
    needs = status not in ("empty",)
    return Result(student, status, note, intake.notebook(cells, template), scores, [], needs, sandboxed)


def _graded(job: Job) -> Result:
    template = Template.read(job.release)
    try:
        cells, notes = intake.rebuilt(job.notebook, template)
    except intake.Refused as refused:
        return ungraded(job.student, template, refused.status, refused.note, job.sandboxed)
    run = _SubmissionRun(job, template, cells)
    run.all()
    looked = []
    for cell in cells:
        if cell.slot is None or cell.slot.answer:
            seen = canary.look(cell.source, cell.slot.id if cell.slot else cell.id)
            looked += seen
            score = run.scores.get(f"{cell.slot.id}-check") if cell.slot else None
            if seen and score and score.points:
                score.doubted = True
    for score in run.scores.values():
        score.note = intake.printable(score.note)
    return Result(
        job.student,
        note=run.note,
        notebook=intake.notebook(cells, template),
        scores=run.scores,
        # They are printed, and a submission chooses the names in them.
        evidence=[intake.printable(line) for line in (*notes, *run.evidence, *looked)],
        needs_person=bool(run.suspicions or looked),
        sandboxed=job.sandboxed,
    )


class _SubmissionRun:
    """The run of one submission, over as many kernels as it takes."""

    def __init__(self, job: Job, template: Template, cells: list[SubmittedCell]) -> None:
        self.job, self.template, self.cells = job, template, cells
        self.scores = {slot.id: Score(slot.points) for slot in template.slots if slot.check}
        self.evidence: list[str] = []
        self.suspicions: dict[str, str] = {}
        self.deadly: set[str] = set()
        self.tried: set[str] = set()
        self.note = ""
        self.over = time.monotonic() + job.times.notebook
        self.setup = next((c.source for c in cells if c.slot and c.slot.locked and not c.slot.check
                           and c.type == "code"), "")  # fmt: skip

    def all(self) -> None:
        """Run all cells, then look again at what looks forged, each in a kernel without the rest."""
        waiting = [cell for cell in self.cells if cell.type == "code"]
        deaths = 0
        while waiting and deaths < DEATHS and self.left() > 0:
            with self.kernel() as kernel:
                if deaths:
                    kernel.run(self.setup, self.seconds())
                waiting, died = self.part(kernel, waiting)
                deaths += died
        for cell in waiting:
            why = (
                "the time for the whole notebook was over"
                if self.left() <= 0
                else "its kernel died too often"
            )
            self.skip(cell, f"Not run: {why}.")
        for check, reason in self.suspicions.items():
            self.again(check, reason)
        for cell in self.cells:
            if cell.slot and cell.slot.check:
                _finish(cell, self.scores[cell.slot.id])

    def part(self, kernel: Kernel, waiting: list[SubmittedCell]) -> tuple[list[SubmittedCell], int]:
        """Run cells until the kernel dies or the time is over; what is still to run, and how many deaths."""
        for number, cell in enumerate(waiting):
            if self.left() <= 0:
                return waiting[number:], 0
            name = cell.slot.id if cell.slot else cell.id
            if cell.slot and cell.slot.check:
                if not self.check(kernel, cell) and name not in self.tried:
                    # An `exit` in an earlier cell ends a kernel a moment later. It is no fault of this check.
                    self.tried.add(name)
                    self.note = self.note or "The kernel ended before a check; it ran in a new one."
                    self.evidence.append(f"{name}: the kernel had ended; the check ran in a new one.")
                    return waiting[number:], 1
            elif cell.source.strip():
                ran = kernel.run(cell.source, self.seconds())
                cell.outputs = ran.outputs
                kernel.answers.add(name)
                if ran.end:
                    self.evidence.append(f"{name}: {_ENDS[ran.end]}")
            if not kernel.alive():
                self.note = (
                    self.note or f"The kernel died in the cell {name}; the cells after it ran in a new one."
                )
                ended = {"memory": " It used more memory than there is.", "time": " Its time was over."}
                self.evidence.append(f"{name}: the kernel died here.{ended.get(kernel.sandbox.ended_by, '')}")
                self.deadly.add(name)
                return waiting[number + 1 :], 1
        return [], 0

    def check(self, kernel: Kernel, cell: SubmittedCell) -> bool:
        """Run a check cell between canaries, and note what it gave; False when its kernel ended itself."""
        assert cell.slot is not None
        exercise = canary.exercise(cell.slot)
        score = self.scores[cell.slot.id]
        if exercise is None:
            _plain(kernel, cell, score, self.seconds())
            return True
        answer = self.template.answer_of(cell.slot)
        if answer and answer.id not in kernel.answers | self.deadly:
            # It ran in a kernel that another cell has ended since.
            kernel.run(self.answer(answer), self.seconds())
        found = _bracketed(kernel, self.job, self.setup, cell, exercise, self.seconds)
        cell.outputs = found.outputs
        ended = not kernel.alive() and not kernel.killed
        if ended and (found.verdict is None or (found.forged and cell.slot.id not in self.tried)):
            return False
        _take(score, found)
        if found.forged:
            self.suspicions[cell.slot.id] = found.forged
            self.evidence.append(f"{cell.slot.id}: {found.forged}")
        return True

    def again(self, check: str, reason: str) -> None:
        """Look at one exercise in a kernel that runs the course's setup, its answer and its check alone."""
        cell = next(cell for cell in self.cells if cell.slot and cell.slot.id == check)
        assert cell.slot is not None
        first, score = self.scores[check].points, Score(cell.slot.points)
        answer = self.template.answer_of(cell.slot)
        source = self.answer(answer) if answer else ""
        exercise = canary.exercise(cell.slot)
        assert exercise is not None
        # It has a little time of its own: the notebook's may be used up by what is being looked into.
        over = time.monotonic() + 2 * self.job.times.cell

        def seconds() -> float:
            return max(0.1, over - time.monotonic())

        with self.kernel() as kernel:
            kernel.run(self.setup, seconds())
            kernel.run(source, seconds())
            found = _bracketed(kernel, self.job, self.setup, cell, exercise, seconds)
        cell.outputs = found.outputs
        _take(score, found)
        if found.forged:
            score.note = (
                f"{score.points:g} points claimed, none given until a person has decided: {found.forged}"
            )
            score.withheld, score.points = True, 0.0
            self.evidence.append(f"{check}, in a fresh kernel with its answer alone: {found.forged}")
        else:
            self.evidence.append(
                f"{check}, in a fresh kernel with its answer alone: {score.points:g} of {score.worth:g} "
                f"points, and the canaries hold ({first:g} points in the notebook's own kernel)."
            )
        self.scores[check] = score

    def answer(self, slot: Slot) -> str:
        """What the student wrote in an answer cell."""
        return next((cell.source for cell in self.cells if cell.slot is slot), "")

    def skip(self, cell: SubmittedCell, note: str) -> None:
        cell.outputs = [_text(note)]
        if cell.slot and cell.slot.check:
            self.scores[cell.slot.id].note = note
            self.note = self.note or note

    def left(self) -> float:
        return self.over - time.monotonic()

    def seconds(self) -> float:
        """How long the next cell may take."""
        return max(0.1, min(self.job.times.cell, self.left()))

    @contextlib.contextmanager
    def kernel(self) -> Iterator[Kernel]:
        with opened(self.job) as kernel:
            kernel.begin(self.setup, self.job.times.cell)
            yield kernel


@dataclass
class _Found:
    """What a bracketed check gave. `forged` says what looks forged, "" for nothing."""

    verdict: dict[str, Any] | None = None
    points: int = 0
    note: str = ""
    forged: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)


def _bracketed(
    kernel: Kernel, job: Job, setup: str, cell: SubmittedCell, exercise: str, seconds: Callable[[], float]
) -> _Found:
    from lessons.judge.verdict import MIME, Verdict

    assert cell.slot is not None
    worth, answer = int(cell.slot.points), canary.answer(cell.slot)

    def canaries(solutions: canary.Solutions, salt: str = "") -> str:
        given = {"exercise": exercise, "answer": answer, "setup": setup, "solutions": solutions, "salt": salt}
        asked = kernel.ask("canaries", seconds(), **given)
        most = {
            name: canary.earned(exercise, name, source, setup, cell.source, job.variant, worth)
            for name, source in solutions
        }
        forged = canary.passed(asked, solutions, most)
        if forged and not asked and kernel.seen:
            return f"{kernel.seen} After that what the kernel says is not trusted."
        if forged and "given" in asked:
            # A busy machine may have made this process think too little of a canary: look once more.
            for name, source in solutions:
                again = canary.earned.__wrapped__(
                    exercise, name, source, setup, cell.source, job.variant, worth
                )
                most[name] = max(most[name], again)
            forged = canary.passed(asked, solutions, most)
        return forged or (sealed(asked, salt) if salt else "")

    def sealed(asked: dict[str, Any], salt: str) -> str:
        if asked.get("seal") == inside.sealed(kernel.made, salt):
            return ""
        parts = kernel.ask("parts", seconds()).get("made", {})
        forged = canary.changed(kernel.made, parts)
        if not forged:
            # What came to it is known from now on.
            kernel.made = parts
        return forged

    before, after = canary.chosen(job.solutions.get(exercise, ()), f"{job.variant}:{job.student}:{exercise}")
    forged = canaries(before)
    salt = secrets.token_hex(16)
    ran, asked = kernel.answer(
        "graded", seconds(), exercise=exercise, answer=answer, variant=job.variant, salt=salt
    )
    outputs = [output for output in ran.outputs if PROBE not in output.get("data", {})]
    found = _Found(outputs=outputs, forged=forged)
    if ran.end:
        found.note = _ENDS[ran.end]
        return found
    if "raised" in asked:
        found.note = f"The check cell raised {asked['raised']}"
        found.outputs.append(_text(found.note))
        return found
    if "verdict" not in asked:
        found.forged = found.forged or "the check cell did not run as written."
        return found
    try:
        verdict = Verdict.from_dict(asked["verdict"])
    except (KeyError, TypeError, ValueError, AttributeError):
        found.forged = found.forged or "the check gave no verdict."
        return found
    found.verdict, found.points = verdict.as_dict(), verdict.points
    shown = [output["data"][MIME] for output in ran.outputs if MIME in output.get("data", {})]
    if shown != [found.verdict] or asked.get("points") != verdict.points:
        found.forged = found.forged or f"the check gave {verdict.points} points, but showed something else."
    elif verdict.exercise != exercise or verdict.variant != job.variant:
        found.forged = found.forged or f"the verdict is of {verdict.exercise}, variant {verdict.variant}."
    if verdict.points:
        # Without points there is nothing to forge.
        found.forged = found.forged or canary.doubt(verdict, asked.get("stood"))
        found.forged = found.forged or sealed(asked, salt) or canaries(after, secrets.token_hex(16))
        found.forged = found.forged or kernel.seen
    return found


def _take(score: Score, found: _Found) -> None:
    score.note = found.note
    if found.verdict is None:
        score.status = "missing" if found.note else "not run"
        return
    worth = found.verdict["worth"] or 1
    score.points = round(score.worth * found.points / worth, 4)
    for key in ("status", "belief", "version", "aspects"):
        setattr(score, key, found.verdict[key])


def _plain(kernel: Kernel, cell: SubmittedCell, score: Score, seconds: float) -> None:
    """A check cell of nbgrader's own kind: an error is 0, a number that many points, anything else all."""
    ran = kernel.run(cell.source, seconds)
    cell.outputs = ran.outputs
    score.status = "wrong"
    if ran.end or any(output["output_type"] == "error" for output in ran.outputs):
        return
    results = [
        output["data"].get("text/plain", "")
        for output in ran.outputs
        if output["output_type"] == "execute_result"
    ]
    score.points = score.worth
    with contextlib.suppress(ValueError):
        score.points = min(score.worth, max(0.0, float(results[0]))) if results else score.worth
    score.status = "correct" if score.points == score.worth else "almost"


def _finish(cell: SubmittedCell, score: Score) -> None:
    """Leave a check cell with outputs of which nbgrader reads the very same points."""
    kept = []
    for output in cell.outputs:
        if output["output_type"] == "execute_result":
            continue
        if output["output_type"] == "error":
            output = _text("\n".join(output["traceback"])[:KEPT])
        if output["output_type"] == "stream":
            # nbgrader takes anything on standard error for a failure.
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
    "too long": "the cell took too long and was interrupted.",
    "stuck": "the cell took too long, ignored the interrupt, and its kernel was ended.",
    "flood": "the cell wrote more than can be kept and was stopped.",
    "dead": "the cell ended its kernel.",
    "deaf": "the kernel could no longer be reached, and was ended.",
}


@dataclass
class Ran:
    """What a request gave: `end` is "" when it came to its end, else a key of what stopped it."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    end: str = ""
    replies: list[Any] = field(default_factory=list)


class Kernel:
    """A running kernel, one request at a time, each with its own end."""

    def __init__(self, sandbox: Sandbox, client: BlockingKernelClient, grace: float) -> None:
        self.sandbox, self.client, self.grace = sandbox, client, grace
        self.made: dict[str, str] = {}
        self.key = self.seen = ""
        self.kept = 0
        self.answers: set[str] = set()
        self.dead = self.killed = False

    def alive(self) -> bool:
        """Whether it still takes requests."""
        self.dead = self.dead or not self.sandbox.alive
        return not self.dead

    def ask(self, task: str, seconds: float, **given: Any) -> dict[str, Any]:
        """Run one of the grader's own functions inside; what it returned, {} when nothing came."""
        return self.answer(task, seconds, **given)[1]

    def begin(self, setup: str, seconds: float) -> None:
        """Let the grader's own part move in, before anything of a submission runs."""
        nonce = secrets.token_hex(16)
        ran = self.run(canary.beginning(nonce, PROBE, setup), seconds, nonce)
        for shown in ran.replies:
            self.made, self.key = shown["reply"]["made"], shown["reply"]["key"]

    def answer(self, task: str, seconds: float, **given: Any) -> tuple[Ran, dict[str, Any]]:
        """The same, with what else came."""
        nonce = secrets.token_hex(16)
        code, text = canary.request(task, nonce, PROBE, given)
        ran = self.run(code, seconds, nonce)
        for shown in ran.replies:
            reply, seen = canary.reply(shown, self.key, text)
            self.seen = self.seen or "".join(seen[:1])
            if reply:
                return ran, reply
        return ran, {}

    def run(self, code: str, seconds: float, nonce: str = "") -> Ran:
        """Run code for at most so many seconds, then interrupt it, then end the kernel.

        nonce: of a request of the grader's own, whose replies have it.
        """
        ran = Ran()
        if not self.alive():
            ran.end = "dead"
            return ran
        collected = _Outputs(ran, nonce, KEPT if nonce else max(0, min(KEPT, KEPT_IN_ALL - self.kept)))
        try:
            request = self.client.execute(
                code, store_history=not nonce, allow_stdin=False, stop_on_error=False
            )
        except zmq.Again:
            # What it sent was no message, and that ended the connection.
            ran.end = "deaf"
            self.kill()
            return ran
        deadline = time.monotonic() + seconds
        interrupted = False
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or (collected.size > FLOOD and not interrupted):
                if interrupted:
                    ran.end = ran.end if ran.end == "flood" else "stuck"
                    self.kill()
                    break
                ran.end = "flood" if left > 0 else "too long"
                interrupted, deadline = True, time.monotonic() + self.grace
                with contextlib.suppress(Exception):
                    run_sync(self.sandbox.km.interrupt_kernel)()
                continue
            message = self._next(min(left, 0.2))
            if message is None:
                if not self.alive():
                    ran.end = ran.end or "dead"
                    break
            elif collected.take(message, request):
                self._settle(request)
                break
        self.kept += 0 if nonce else collected.kept
        return ran

    def _next(self, seconds: float) -> dict[str, Any] | None:
        try:
            message = self.client.get_iopub_msg(timeout=seconds)
            return message if isinstance(message, dict) else None
        except queue.Empty:
            return None
        except Exception:
            # Whoever runs in the kernel can also send what is no message.
            return {}

    def _settle(self, request: str) -> None:
        """Take the replies that wait, so that they do not pile up; others may come without an end."""
        until = time.monotonic() + SETTLING
        with contextlib.suppress(Exception):
            while (left := until - time.monotonic()) > 0:
                if self.client.get_shell_msg(timeout=left)["parent_header"].get("msg_id") == request:
                    break

    def kill(self) -> None:
        """End it at once."""
        self.dead = self.killed = True
        self.sandbox.kill()


class _Outputs:
    """Takes a request's messages and keeps the beginning of what they show.

    nonce: what makes a reply one. most: how many characters are kept, and what is begun with them.
    """

    def __init__(self, ran: Ran, nonce: str, most: int) -> None:
        self.ran, self.nonce, self.most = ran, nonce, most
        self.size = 0
        self.kept = 0

    def take(self, message: dict[str, Any], request: str) -> bool:
        """Take one message; whether it says that the request is done."""
        try:
            return self._take(message, request)
        except Exception:
            return False

    def _take(self, message: dict[str, Any], request: str) -> bool:
        content = message.get("content", {})
        kind = message.get("header", {}).get("msg_type")
        mine = message.get("parent_header", {}).get("msg_id") == request
        if kind == "status":
            return bool(mine and content.get("execution_state") == "idle")
        size = len(str(content.get("text", ""))) if kind == "stream" else len(json.dumps(content))
        self.size += size
        if not mine:
            return False
        if kind in ("display_data", "execute_result"):
            data = content["data"]
            if PROBE in data:
                told = data[PROBE]
                if self.nonce and isinstance(told, dict) and told.get("nonce") == self.nonce:
                    self.ran.replies.append(told)
                return False
        if self.kept >= self.most:
            return False
        self.kept += size
        outputs = self.ran.outputs
        if kind == "stream":
            text = str(content["text"])[:KEPT]
            name = "stderr" if content["name"] == "stderr" else "stdout"
            if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == name:
                outputs[-1]["text"] += text
            else:
                outputs.append({"output_type": "stream", "name": name, "text": text})
        elif kind in ("display_data", "execute_result"):
            if size > KEPT:
                data = {"text/plain": f"(an output of {size:,} characters, not kept)"}
            output = {"output_type": kind, "data": _bundle(data), "metadata": {}}
            outputs.append(output | ({"execution_count": None} if kind == "execute_result" else {}))
        elif kind == "error":
            trace = [str(line)[:TRACED] for line in content["traceback"][-50:]]
            name, value = str(content["ename"])[:200], str(content["evalue"])[:2_000]
            outputs.append({"output_type": "error", "ename": name, "evalue": value, "traceback": trace})
        return False


def _bundle(data: dict[str, Any]) -> dict[str, Any]:
    if _deep(list(data.values())):
        return {"text/plain": f"(an output that is nested more than {DEEP} times, not kept)"}
    return {
        str(kind): content if str(kind).endswith("json") else str(content) for kind, content in data.items()
    }


def _deep(content: Any) -> bool:
    """Whether lists and dicts are nested more than `DEEP` times in each other."""
    level = [content]
    for _ in range(DEEP + 1):
        inside = [
            one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)
        ]
        level = [one for some in inside for one in some]
    return bool(level)


@contextlib.contextmanager
def opened(job: Job) -> Iterator[Kernel]:
    """A kernel for a job, in the sandbox unless the job says otherwise; ended with all that it started."""
    # The notebook's own time, and what a second look may take.
    limits = Limits(seconds=job.times.notebook + 3 * job.times.cell + 60)
    with Sandbox(job.files, limits, job.sandboxed) as sandbox:
        client = sandbox.client()
        client.start_channels(stdin=False, hb=False)
        try:
            try:
                client.wait_for_ready(timeout=_READY_SECONDS)
            except (RuntimeError, zmq.Again) as error:
                raise Trouble(f"The kernel started, but does not answer: {error}") from error
            yield Kernel(sandbox, client, job.times.grace)
        finally:
            client.stop_channels()
