"""`classroom grade --dask`: the workers of a Dask cluster, each compared with this machine before it is used.

A worker gets submissions only if it would give the same points: the same Python, kit, checks and judge, and a
sandbox. If a cluster loses a submission, nothing is recorded, and the same command grades it later.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from classroom.course import Course
from classroom.execute import LOST, Job, Result, graded
from classroom.intake import described
from classroom.sandbox import available
from classroom.trouble import KEPT, Trouble
from lessons.words import agreeing, many

ANSWERING = 10.0  # seconds in which a scheduler must answer, or come back after it was lost
ASKING = 30.0  # seconds in which a worker must say what it has
JOINING = 60.0  # seconds to wait for a worker
LOOKING = 1.0  # seconds after which the cluster is looked at again

SANDBOX = "sandbox"
PACKAGES = ("distributed", "ipykernel", "sqlalchemy")
"""Packages that must have the same version: what brings the work, and what answers run in and on."""


async def about() -> dict[str, str]:
    """What the points depend on, where this runs. Under `SANDBOX`: why there is no sandbox, or ""."""
    return await asyncio.to_thread(_about)


def _about() -> dict[str, str]:
    import classroom
    import lessons
    import lifecycle
    from lessons.exercises import exercises
    from lessons.judge.wire import PROTOCOL

    there, sentence = available()
    # An exercise of the course's own comes with the release.
    kits = {name: one for name, one in exercises().items() if one.module.startswith("lessons.")}
    checks = {f"the version of the check {name}": one.version for name, one in kits.items()}
    files = {}
    for package in (lifecycle, lessons, classroom):
        folder = Path(str(package.__file__)).parent
        for path in sorted(one for one in folder.rglob("*") if one.suffix in (".py", ".toml")):
            name = path.relative_to(folder.parent).as_posix()
            files[f"the digest of {name}"] = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return {
        SANDBOX: "" if there else sentence,
        "the version of Python": ".".join(map(str, sys.version_info[:2])),
        "the version of the kit": _version("lifecycle"),
        "the version of the judge's protocol": str(PROTOCOL),
        **checks,
        **{f"the version of {name}": _version(name) for name in PACKAGES},
        **files,
    }


def _version(package: str) -> str:
    with contextlib.suppress(PackageNotFoundError):
        return version(package)
    return "not known"


def unfit(there: object, here: Mapping[str, str], sandboxed: bool) -> str:
    """Why a worker cannot be used, as a part of a sentence; "" if it can.

    there: what `about` returned on it, or the error that it raised. here: the same of this machine.

    >>> unfit({"the version of Python": "3.12"}, {"the version of Python": "3.11"}, False)
    'the version of Python is 3.12 there, and 3.11 here'
    """
    if not isinstance(there, Mapping):
        return f"it does not have this edition of the kit ({there})"
    if sandboxed and there.get(SANDBOX):
        return str(there[SANDBOX]).rstrip(".")
    names = [name for name in {**here, **there} if name != SANDBOX and there.get(name) != here.get(name)]
    if not names:
        return ""
    first = names[0]
    more = f" ({many(len(names) - 1, 'more difference')})" if names[1:] else ""
    return f"{first} is {there.get(first, 'not known')} there, and {here.get(first, 'not known')} here{more}"


class Cluster:
    """Runs jobs on the workers of a Dask cluster that can grade, and goes on if workers or scheduler die.

    say: receives a line about each worker that is not used, that is gone or that joins, and about each wait.
    """

    def __init__(self, client: Any, address: str, sandboxed: bool, say: Callable[[str], None]) -> None:
        self.client, self.address, self.sandboxed, self.say = client, address, sandboxed, say
        self.executor = client.get_executor(pure=False)
        self.here = _about()
        # A worker that starts again may have the same address, but has another folder.
        self.asked: dict[tuple[str, str], str] = {}
        self.known: set[str] | None = None

    def results(self, jobs: Iterable[Job], patience: float | None = None) -> Iterator[Result]:
        """The results as they come. The status of a submission that the cluster lost is `LOST`.

        patience: the most seconds to wait for the next result. Raises `Trouble` if no result can come.
        """
        queue, again = iter(jobs), list[Job]()
        waiting: dict[Future[Result], tuple[Job, set[str]]] = {}
        since = time.monotonic()
        while True:
            workers = self.workers()
            for future in [one for one, (_, sent) in waiting.items() if sent.isdisjoint(workers)]:
                # All workers that may run it are gone.
                future.cancel()
                again.append(waiting.pop(future)[0])
            while len(waiting) < 2 * sum(workers.values()):
                job = again.pop() if again else next(queue, None)
                if job is None:
                    break
                # A worker that joins later was not compared yet, so it must not take this job.
                only: Any = {"workers": [*workers], "allow_other_workers": False}
                waiting[self.executor.submit(_graded, job, **only)] = job, {*workers}
            if not waiting:
                return
            for future in wait(waiting, LOOKING, FIRST_COMPLETED).done:
                job = waiting.pop(future)[0]
                result = _outcome(future, job)
                if result is None:
                    again.append(job)
                    continue
                yield result
                since = time.monotonic()
            if patience is not None and time.monotonic() - since > patience:
                raise Trouble(
                    f"No worker of the Dask scheduler at {self.address} returned a submission within "
                    f"{patience:.0f} s: look at the workers. {KEPT}"
                )

    def workers(self) -> dict[str, int]:
        """The number of threads of each worker that can grade, by its address.

        Waits for the first one, but not for ever. Raises `Trouble` if none joins, or the scheduler is gone.
        """
        until = None
        while True:
            try:
                workers, why = self.look(), "has no worker that can grade"
                cure = "Start workers with `dask worker`"
            except (OSError, RuntimeError):
                # While it is away, the client tries to reach it again.
                workers, why = {}, "does not answer"
                cure = "Look at its machine and the network"
            if workers:
                return workers
            if self.client.status == "closed":
                raise Trouble(
                    f"The Dask scheduler at {self.address} is gone, and did not come back within "
                    f"{ANSWERING:.0f} s: start it and its workers again. {KEPT}"
                )
            if until is None:
                until = time.monotonic() + JOINING
                self.say(f"The Dask scheduler at {self.address} {why}: waiting up to {JOINING:.0f} s.")
            elif time.monotonic() > until:
                raise Trouble(f"The Dask scheduler at {self.address} {why}. {cure}. {KEPT}")
            time.sleep(LOOKING)

    def look(self) -> dict[str, int]:
        """The number of threads of each worker that can grade now. New workers are asked, and compared.

        Raises `OSError` or `RuntimeError` if the scheduler does not answer.
        """
        there, new = self.client.sync(self._look, callback_timeout=ANSWERING + ASKING)
        for (address, _), why in new.items():
            if why:
                self.say(f"The worker {address} is not used: {why}.")
        self.asked = {one: self.asked.get(one, new.get(one, "")) for one in there}
        usable = {one[0]: threads for one, threads in there.items() if not self.asked[one]}
        if self.known is not None and (told := changed(self.known, {*usable})):
            self.say(told)
        self.known = {*usable}
        return usable

    async def _look(self) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], str]]:
        scheduler = self.client.scheduler
        if scheduler is None:
            raise OSError("the connection is closed")
        identity = await asyncio.wait_for(scheduler.identity(n_workers=-1), ANSWERING)
        there = {(key, one["local_directory"]): one["nthreads"] for key, one in identity["workers"].items()}
        new = [one for one in there if one not in self.asked]
        return there, dict(zip(new, await asyncio.gather(*(self._ask(one[0]) for one in new)), strict=True))

    async def _ask(self, address: str) -> str:
        """Why a worker cannot be used, or ""."""
        asking: Any = self.client.run(about, workers=[address], on_error="return")
        try:
            answer = (await asyncio.wait_for(asking, ASKING))[address]
        except TimeoutError:
            return f"it did not answer within {ASKING:.0f} s"
        except (OSError, KeyError) as error:
            return f"it is gone ({described(error)})"
        return unfit(
            described(answer) if isinstance(answer, Exception) else answer, self.here, self.sandboxed
        )


def changed(before: set[str], now: set[str]) -> str:
    """Which workers are gone and which joined, as a sentence; "" if they are the same.

    >>> changed({"a", "b"}, {"a"})
    '1 worker is gone (b). Now 1 worker can grade.'
    """
    gone, joined = sorted(before - now), sorted(now - before)
    parts = []
    if gone:
        are = agreeing(len(gone), "is", "are")
        parts.append(f"{many(len(gone), 'worker')} {are} gone ({', '.join(gone[:5])})")
    if joined:
        parts.append(f"{many(len(joined), 'worker')} joined ({', '.join(joined[:5])})")
    return f"{', and '.join(parts)}. Now {many(len(now), 'worker')} can grade." if parts else ""


@contextlib.contextmanager
def connected(course: Course, address: str, sandboxed: bool, say: Callable[[str], None]) -> Iterator[Cluster]:
    """The cluster of a Dask scheduler.

    Raises `Trouble` if it cannot be reached, or if it has workers and none of them can grade.
    """
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    # Each worker's versions are compared here, and every failure becomes a sentence.
    warnings.simplefilter("ignore", VersionMismatchWarning)
    for name in [one for one in logging.root.manager.loggerDict if one.split(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    safe = security(course, address)
    say(f"Connecting to the Dask scheduler at {address}.")
    try:
        client: Any = Client(address, security=safe, timeout=ANSWERING, set_as_default=False)  # type: ignore[no-untyped-call]
    except Exception as error:
        raise Trouble(
            f"There is no Dask scheduler at {address}, or it refuses this connection "
            f"({described(_cause(error))}). Start one there with `dask scheduler`, or correct the address."
        ) from error
    try:
        cluster = Cluster(client, address, sandboxed, say)
        workers = cluster.look()
        if cluster.asked and not workers:
            raise Trouble(
                f"No worker of the Dask scheduler at {address} can grade, so nothing was sent: "
                f"{next(iter(cluster.asked.values()))}."
            )
        if workers:
            at_once = many(sum(workers.values()), "submission")
            say(f"{many(len(workers), 'worker')} can grade, {at_once} at once.")
        yield cluster
    finally:
        # Nothing waits for the scheduler now, and it may be gone.
        with contextlib.suppress(Exception):
            client.close(timeout=ANSWERING)


def security(course: Course, address: str) -> Any:
    """How to connect: with the files that `course.toml` names, or else as Dask's own configuration says.

    Raises `Trouble` if the address and the files do not fit, or if a file cannot be used.
    """
    from distributed import Security

    files = course.tls
    if files and not address.startswith("tls://"):
        raise Trouble(
            f"{course.file} names certificates in [dask], but the address {address!r} does not begin with "
            "tls://: give the scheduler's address with tls://, or take the table [dask] out."
        )
    for key, path in files.items():
        place = f"{course.file}, [dask], {key}: {path}"
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Trouble(f"{place} cannot be read: {error.strerror or error}.") from error
        if "ENCRYPTED" in text:
            raise Trouble(f"{place} has a password: give a key without one, in a file of mode 600.")
    names = {"ca": "tls_ca_file", "cert": "tls_client_cert", "key": "tls_client_key"}
    made: Any = Security(**{names[key]: str(path) for key, path in files.items()})  # type: ignore[no-untyped-call]
    if address.startswith("tls://") and not made.tls_ca_file:
        raise Trouble(
            f"{address} needs certificates, but {course.file} names none: add the table [dask] with the "
            "files ca, cert and key."
        )
    try:
        made.get_connection_args("client")
    except (OSError, ValueError) as error:
        raise Trouble(
            f"{course.file}, [dask]: the certificate, its key and the authority's certificate do not fit "
            f"together, or are not in PEM format ({described(error)})."
        ) from error
    return made


def _graded(job: Job) -> Result:
    """On a worker: grade a job. If that failed, the note says where."""
    from distributed import get_worker

    result = graded(job)
    if result.status in ("no kernel", "stopped"):
        return replace(result, note=f"On the worker {get_worker().address}: {result.note}")
    return result


def _outcome(future: Future[Result], job: Job) -> Result | None:
    """A job's result; None if the scheduler forgot it, and it must be sent again."""
    from distributed import KilledWorker

    try:
        result = future.result()
    except CancelledError:
        return None
    except KilledWorker as error:
        times = error.allowed_failures + 1
        return _lost(job, f"{many(times, 'worker')} died while they had it. Without --dask it runs here.")
    except Exception as error:
        return _lost(job, f"The cluster lost it: {described(error)}.")
    return _lost(job, result.note) if result.status == "stopped" else result


def _lost(job: Job, note: str) -> Result:
    return Result(job.student, LOST, note, sandboxed=job.sandboxed)


def _cause(error: Exception) -> Exception:
    """The first of the errors that led to this one."""
    while isinstance(cause := error.__cause__ or error.__context__, Exception):
        error = cause
    return error
