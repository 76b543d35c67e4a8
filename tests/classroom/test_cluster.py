"""A cluster of others' machines: compared before it is used, and what it loses is nobody's failure."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from pathlib import Path
from typing import Any

import coursework
import daskcluster
import pytest
from coursework import ASSIGNMENT, IDS, answered, solution, submit, wrong

from classroom import cluster, grade, records, sandbox
from classroom import course as courses
from classroom.cluster import SANDBOX, Cluster, security, unfit
from classroom.course import Course
from classroom.execute import LOST, Job, Result
from classroom.trouble import Trouble

if sys.platform != "linux":
    pytest.skip("workers need Linux", allow_module_level=True)

needs_sandbox = pytest.mark.skipif(not sandbox.available()[0], reason=f"no sandbox: {sandbox.available()[1]}")
HERE = {"the version of Python": "3.11", "the version of the kit": "1", "the digest of a.py": "12"}
RELEASE = json.dumps(coursework.release(*IDS)).encode()


def jobs(*names: str) -> list[Job]:
    return [Job(name, b"{}", RELEASE, "term") for name in names]


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (HERE, ""),
        (HERE | {SANDBOX: "There is no bwrap."}, "There is no bwrap"),
        (HERE | {"the version of Python": "3.12"}, "the version of Python is 3.12 there, and 3.11 here"),
        (HERE | {"the digest of b.py": "34"}, "the digest of b.py is 34 there, and not known here"),
        ({"the version of Python": "3.11"}, "the kit is not known there, and 1 here (1 more difference)"),
        ("ModuleNotFoundError", "it does not have this edition of the kit (ModuleNotFoundError)"),
    ],
)
def test_a_difference_is_said_in_one_sentence(there: object, why: str) -> None:
    said = unfit(there, HERE | {SANDBOX: "None here."}, sandboxed=True)
    assert said.endswith(why) and bool(said) == bool(why)


def test_without_a_sandbox_a_worker_needs_none() -> None:
    assert not unfit(HERE | {SANDBOX: "There is no bwrap."}, HERE, sandboxed=False)


def test_what_the_points_depend_on_is_compared() -> None:
    here = asyncio.run(cluster.about())
    assert here["the version of Python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert {"the version of the kit", "the version of the judge's protocol"} < here.keys()
    assert here["the version of the check leaks-x1"].isdigit()
    named = {"lessons/judge/wire.py", "lessons/exercises/leaks_x1/check.py", "lifecycle/context.py"}
    assert {f"the digest of {name}" for name in named} < here.keys()


class Client(Executor):
    """A double of Dask's client. It has these workers: what each has, or the error that asking it raises.

    outcomes: what becomes of each student's job, one for each time that it is sent; a result, if there is
    none. "gone": the workers that may run it are gone, and the job waits for ever.
    """

    def __init__(self, workers: dict[str, Any], **outcomes: list[Any]) -> None:
        self.has, self.outcomes = workers, outcomes
        self.status = "running"
        self.scheduler: Any = self
        self.sent: list[tuple[str, tuple[str, ...]]] = []

    def get_executor(self, **given: Any) -> Executor:
        return self

    def sync(self, call: Callable[[], Any], callback_timeout: float) -> Any:
        return asyncio.run(call())

    async def identity(self, n_workers: int) -> dict[str, Any]:
        about = {name: {"nthreads": 1, "local_directory": f"/{name}"} for name in self.has}
        return {"workers": about}

    async def run(self, call: object, workers: list[str], on_error: str) -> dict[str, Any]:
        return {name: self.has[name] for name in workers}

    def submit(self, call: Any, /, *given: Any, **named: Any) -> Future[Any]:
        student, future = given[0].student, Future[Any]()
        self.sent.append((student, tuple(named["workers"])))
        outcome = next(iter(self.outcomes.get(student, [])), None)
        self.outcomes[student] = self.outcomes.get(student, [])[1:]
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        elif outcome == "gone":
            self.has = {f"{name}+": about for name, about in self.has.items()}
        else:
            future.set_result(outcome or Result(student))
        return future


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(cluster, "_about", lambda: HERE | {SANDBOX: ""})
    for name in ("JOINING", "LOOKING"):
        monkeypatch.setattr(cluster, name, 0.05)
    return []


def graded(client: Client, lines: list[str], *names: str, patience: float = 60) -> dict[str, Result]:
    made = Cluster(client, "tcp://there", True, lines.append)
    return {one.student: one for one in made.results(jobs(*names), patience)}


def test_a_worker_that_differs_gets_nothing(lines: list[str]) -> None:
    error = ModuleNotFoundError("No module named 'classroom'")
    client = Client({"a": HERE, "b": HERE | {"the version of the kit": "2"}, "c": error})
    assert sorted(graded(client, lines, "ada", "bob", "cem")) == ["ada", "bob", "cem"]
    assert {workers for _, workers in client.sent} == {("a",)}
    assert lines == [
        "The worker b is not used: the version of the kit is 2 there, and 1 here.",
        "The worker c is not used: it does not have this edition of the kit (ModuleNotFoundError, No module "
        "named 'classroom').",
    ]


def test_what_a_cluster_forgot_is_sent_again_and_what_it_lost_is_nobodys_failure(lines: list[str]) -> None:
    from distributed import KilledWorker

    killed = KilledWorker("a task", None, 3)  # type: ignore[arg-type]
    outcomes: dict[str, list[Any]] = {
        "ada": [CancelledError(), "gone"],
        "bob": [killed],
        "cem": [Result("cem", "stopped", "The disk is full.")],
        "dov": [TypeError("not a notebook")],
    }
    client = Client({"a": HERE}, **outcomes)
    results = graded(client, lines, "ada", "bob", "cem", "dov", "eve")
    assert [results[name].status for name in ("ada", "eve")] == ["graded"] * 2
    assert lines == ["1 worker is gone (a), and 1 worker joined (a+). Now 1 worker can grade."]
    assert [name for name, _ in client.sent].count("ada") == 3
    lost = {name: one.note for name, one in results.items() if one.status == LOST}
    assert lost == {
        "bob": "4 workers died while they had it. Without --dask it runs here.",
        "cem": "The disk is full.",
        "dov": "The cluster lost it: TypeError, not a notebook.",
    }


def test_a_cluster_without_workers_is_waited_for_but_not_for_ever(lines: list[str]) -> None:
    client = Client({})
    with pytest.raises(Trouble, match=r"has no worker that can grade\. Start .* continues with the rest"):
        graded(client, lines, "ada")
    assert len(lines) == 1 and "has no worker that can grade: waiting up to" in lines[0]
    assert not client.sent


def test_a_scheduler_that_does_not_come_back_is_a_sentence(lines: list[str]) -> None:
    client = Client({"a": HERE}, ada=[CancelledError()])
    made = Cluster(client, "tcp://there", True, lines.append)
    results = made.results(jobs("eve", "ada"))
    assert next(results).student == "eve"
    client.scheduler, client.status = None, "closed"
    with pytest.raises(Trouble, match="The Dask scheduler at tcp://there is gone, and did not come back"):
        next(results)


def test_a_scheduler_that_hangs_is_a_sentence(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ANSWERING", 0.05)

    class Hangs(Client):
        async def identity(self, n_workers: int) -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

    with pytest.raises(Trouble, match=r"at tcp://there does not answer\. Look at its machine"):
        graded(Hangs({}), lines, "ada")


def test_workers_that_return_nothing_are_a_sentence(lines: list[str]) -> None:
    class Busy(Client):
        def submit(self, call: Any, /, *given: Any, **named: Any) -> Future[Any]:
            return Future()

    with pytest.raises(Trouble, match="No worker of the Dask scheduler at tcp://there returned a submission"):
        graded(Busy({"a": HERE}), lines, "ada", patience=0.1)


def test_no_scheduler_is_a_sentence(
    tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ANSWERING", 0.3)
    course = settings(tmp_path)
    for address in ("tcp://127.0.0.1:1", "nonsense://127.0.0.1:1"):
        refused = pytest.raises(Trouble, match=rf"There is no Dask scheduler at {address}, or it refuses")
        with refused, cluster.connected(course, address, True, lines.append):
            pass


def test_the_files_for_tls_are_checked_before_anything_is_sent(tmp_path: Path) -> None:
    course = settings(tmp_path)
    files = daskcluster.certificates(tmp_path)
    other = daskcluster.certificates(tmp_path, "other")

    def said(address: str = "tls://127.0.0.1:1", **files: Path) -> str:
        with pytest.raises(Trouble) as refused:
            security(with_tls(course, files), address)
        return str(refused.value)

    assert "names none: add the table [dask]" in said()
    assert "'tcp://127.0.0.1:1' does not begin with tls://" in said("tcp://127.0.0.1:1", **files)
    missing = tmp_path / "gone.pem"
    assert f"[dask], cert: {missing} cannot be read: No such file" in said(**files | {"cert": missing})
    assert "do not fit together, or are not in PEM" in said(**files | {"key": other["key"]})
    assert "do not fit together, or are not in PEM" in said(**files | {"ca": course.file})
    locked = tmp_path / "locked.pem"
    change = ["openssl", "ec", "-in", files["key"], "-aes128", "-passout", "pass:abc", "-out", locked]
    subprocess.run(change, check=True, capture_output=True)
    assert f"key: {locked} has a password" in said(**files | {"key": locked})
    assert security(with_tls(course, files), "tls://127.0.0.1:1").require_encryption


def settings(folder: Path) -> Course:
    """A course folder with nothing but its `course.toml`."""
    text = courses.written("A course", coursework.TERM, {ASSIGNMENT: IDS})
    (folder / courses.FILE).write_text(text, encoding="utf-8")
    return Course.read(folder)


def with_tls(course: Course, files: dict[str, Path]) -> Course:
    """The course, with these files in its `course.toml`."""
    text = course.file.read_text(encoding="utf-8").partition("[dask]")[0]
    table = "".join(f'{key} = "{path}"\n' for key, path in files.items())
    course.file.write_text(f"{text}[dask]\n{table}" if files else text, encoding="utf-8")
    return Course.read(course.root)


def course_of(root: Path) -> Course:
    """A course with four submissions: right, wrong, untouched, and one that ends its kernel."""
    course = coursework.make(root)
    submit(course, "ada", answered({id: solution(id) for id in IDS}))
    submit(course, "bob", answered({id: wrong(id) for id in IDS}))
    submit(course, "cem", answered({}))
    submit(course, "dov", answered({IDS[0]: "import os\nos._exit(1)", IDS[1]: solution(IDS[1])}))
    return course


def points(course: Course) -> dict[str, list[float]]:
    return {
        name: [score["points"] for score in record["exercises"].values()]
        for name, record in records.read(course, ASSIGNMENT).items()
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, list[float]]]:
    """The course, and the points that this machine gives."""
    course = course_of(tmp_path_factory.mktemp("here") / "course")
    fresh = shutil.copytree(course.root, course.root.with_name("fresh"))
    grade.grade(course, ASSIGNMENT, workers=2, say=lambda line: None)
    return Course.read(fresh), points(course)


@pytest.fixture
def course(here: tuple[Course, dict[str, list[float]]], tmp_path: Path) -> Course:
    """The course, not graded yet."""
    return Course.read(shutil.copytree(here[0].root, tmp_path / "course"))


class Said(list[str]):
    """The lines of a grading. `then`: what happens at the first line that begins so."""

    def __init__(self, **then: Callable[[], object]) -> None:
        super().__init__()
        self.then = then

    def __call__(self, line: str) -> None:
        self.append(line)
        for start in [one for one in self.then if line.startswith(one)]:
            self.then.pop(start)()


@pytest.mark.deep
@needs_sandbox
def test_over_tls_with_a_worker_killed_the_points_are_the_same(
    here: tuple[Course, dict[str, list[float]]], course: Course, tmp_path: Path
) -> None:
    files = daskcluster.certificates(tmp_path)
    with daskcluster.Cluster(tmp_path, files) as there:
        dies, _ = there.worker(), there.worker()
        said = Said(**{"[1/4]": lambda: there.kill(dies)})
        summary = grade.grade(with_tls(course, files), ASSIGNMENT, dask=there.address, say=said)
        assert not summary.lost and points(course) == here[1], said
        assert [line for line in said if line.startswith("1 worker is gone (tls://127.0.0.1:")], said
        # Whoever has another certificate is not let in.
        strange = with_tls(course, daskcluster.certificates(tmp_path, "other"))
        with pytest.raises(Trouble, match="or it refuses this connection"):
            grade.grade(strange, ASSIGNMENT, dask=there.address, say=said)


@pytest.mark.deep
@needs_sandbox
def test_a_scheduler_that_is_killed_and_started_again_costs_nothing(
    here: tuple[Course, dict[str, list[float]]],
    course: Course,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with daskcluster.Cluster(tmp_path) as there:
        there.worker()

        def restart() -> None:
            there.kill(there.scheduler)
            there.scheduler = there.start()
            there.worker()

        said = Said(**{"[1/4]": restart})
        summary = grade.grade(course, ASSIGNMENT, dask=there.address, say=said)
        assert not summary.lost and points(course) == here[1], said
        # When it is gone for good, that is a sentence, and what was there stays.
        monkeypatch.setattr(cluster, "ANSWERING", 2.0)
        said = Said(**{"[1/4]": lambda: there.kill(there.scheduler)})
        with pytest.raises(Trouble, match="is gone, and did not come back within 2 s"):
            grade.grade(course, ASSIGNMENT, dask=there.address, again=True, say=said)
        assert points(course) == here[1]


UNFIT = {
    "the version of Python is 9.9 there": "import types\nfrom classroom import cluster\n"
    "cluster.sys = types.SimpleNamespace(version_info=(9, 9, 1))",
    "the version of the judge's protocol is 99 there": "from lessons.judge import wire\nwire.PROTOCOL = 99",
    "the version of the check leaks-x1 is 99 there": "import dataclasses, importlib\n"
    "module = importlib.import_module('lessons.exercises.exercise')\nknown = module.exercises()['leaks-x1']\n"
    "module._exercises['leaks-x1'] = dataclasses.replace(known, version='99')",
    "it does not have this edition of the kit": "import sys\nsys.modules['classroom'] = None",
}
"""What a worker runs when it starts, by what is then said about it."""


@pytest.mark.deep
@needs_sandbox
def test_workers_that_differ_are_named_and_get_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "JOINING", 2.0)
    course = course_of(tmp_path / "course")
    with daskcluster.Cluster(tmp_path) as there:
        for preload in UNFIT.values():
            there.worker(preload=preload)
        there.worker(environment={"PATH": "/nowhere"})
        reasons = [*UNFIT, "The sandbox needs the program bwrap"]
        there.wait_for_workers(len(reasons))
        said = Said()
        with pytest.raises(Trouble, match=r"can grade, so nothing was sent"):
            grade.grade(course, ASSIGNMENT, dask=there.address, say=said)
        for reason in reasons:
            assert any("is not used" in line and reason in line for line in said), (reason, said)
        assert not records.read(course, ASSIGNMENT)
        # One that fits does all the work. When it dies, too, the command ends.
        fits = there.worker()
        there.wait_for_workers(len(reasons) + 1)
        said = Said(**{"[1/4]": lambda: there.kill(fits)})
        with pytest.raises(Trouble, match="has no worker that can grade"):
            grade.grade(course, ASSIGNMENT, dask=there.address, say=said)
        assert 1 <= len(records.read(course, ASSIGNMENT)) < 4
