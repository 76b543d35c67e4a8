"""One submission in its kernel: what an honest one may do, what a broken one keeps, how each cell ends."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import coursework
import pytest
from attacks import as_ordinary_user
from coursework import IDS, TERM, answered, cell, notebook, release, solution, wrong

from classroom.execute import SETTLING, Job, Kernel, Result, Times, graded, opened
from classroom.sandbox import available
from lessons.exercises import exercises, stub
from lessons.exercises.exercise import ASSIGNMENTS
from lessons.judge import home
from lessons.judge.clock import Clock
from lessons.judge.home import Ended
from lessons.judge.verdict import MIME, Verdict

if sys.platform != "linux":
    pytest.skip("the sandbox needs Linux", allow_module_level=True)
if not available()[0]:
    pytest.skip(f"no sandbox: {available()[1]}", allow_module_level=True)

FIRST, LAST = IDS[0], IDS[-1]
CHECK = f"{FIRST}-check"
WORTH = exercises()[FIRST].worth
RIGHT = {id: solution(id) for id in IDS}


def job(content: dict[str, Any], **about: Any) -> Job:
    whole = json.dumps(release(*IDS)).encode()
    return replace(Job("ada", json.dumps(content).encode(), whole, TERM), **about)


def with_cells(*sources: str, answers: dict[str, str] | None = None) -> dict[str, Any]:
    """All answers right, and these cells before the first check."""
    whole = answered(RIGHT | (answers or {}))
    index = next(i for i, one in enumerate(whole["cells"]) if one["id"] == CHECK)
    whole["cells"][index:index] = [cell("code", source) for source in sources]
    return whole


def answered_in(assignment: str, ids: list[str], stubs: bool = False) -> dict[str, Any]:
    """The notebook of an assignment's exercises, with right answers that use what nobody has to fear."""
    cells = [cell("code", coursework.setup(assignment), f"{assignment}-setup", locked=True)]
    for id in ids:
        known = exercises()[id]
        source = stub(id) if stubs else f"# abort, modules, /proc/self/fd, f_back\n{solution(id)}"
        check = f'check("{id}", {known.answer}).points'
        cells += [
            cell("code", source, id, solution=True),
            cell("code", check, f"{id}-check", grade=True, locked=True, points=known.worth),
        ]
    return notebook(cells)


def outputs(result: Result, name: str) -> list[dict[str, Any]]:
    cells = json.loads(result.notebook)["cells"]
    found = next(one for one in cells if one["id"] == name or one["source"] == name)
    return list(found["outputs"])


def all_right(result: Result) -> bool:
    return all(score.points == score.worth for score in result.scores.values())


def test_an_honest_notebook_earns_its_points_without_a_word() -> None:
    one = job(with_cells(), seeds={FIRST: "as before"})
    result = graded(pickle.loads(pickle.dumps(one)))
    assert pickle.loads(pickle.dumps(result)) == result
    assert (result.status, result.note, result.evidence) == ("graded", "", [])
    assert all_right(result) and not result.needs_person
    shown = outputs(result, CHECK)
    # The panel that the student knows, and the points that nbgrader reads.
    verdict, points = shown
    told = verdict["data"][MIME]
    assert verdict["data"] == Verdict.from_dict(told)._repr_mimebundle_()
    assert (told["exercise"], told["variant"], told["points"]) == (FIRST, TERM, WORTH)
    assert points["data"] == {"text/plain": str(WORTH)}
    assert result.scores[CHECK].seed == told["seed"] == "as before" != result.scores[f"{LAST}-check"].seed


NATURAL = (
    '"""Debug with pdb: import pdb; pdb.set_trace(). The run may abort, so look into sys.modules."""',
    "import ctypes, gc, logging, os, pdb, sys, traceback\nfrom unittest import mock\n"
    "logging.getLogger(__name__).warning('modules: %d', len(sys.modules))",
    "def abort(): raise SystemExit\nprint(len(os.listdir('/proc/self/fd')), __import__('json').dumps(1))",
    "with mock.patch('time.sleep') as sleep: pass\ngc.collect(); len(gc.get_objects())",
    "try: 1 / 0\nexcept ArithmeticError as error: print(error.__traceback__.tb_frame.f_locals is not None)",
    "print(sys._getframe().f_code.co_name, globals().keys() and 1, __builtins__ is not None)",
)


def test_what_honest_programs_do_costs_nothing_and_calls_nobody() -> None:
    result = graded(
        job(
            with_cells(
                "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
                "import logging, warnings, random, atexit\nlogging.basicConfig(level=logging.INFO)\n"
                "warnings.simplefilter('always')\nrandom.seed(1)\natexit.register(print)",
                "from lifecycle import retryOnFailure, measuredStage, PipelineContext\n"
                "from lifecycle.sources import ListSource\nsource = ListSource([{'a': 1}])\n"
                "source.stream = retryOnFailure(2, 0)(source.stream)\n"
                "class Mine(PipelineContext):\n    def run(self): return super().run()\n"
                "with Mine(source) as pipeline: pipeline.run()",
                "%timeit -n1 -r1 sum([1])\n!echo hello",
                "import time\nwaits = []\nreal, time.sleep = time.sleep, waits.append\ntime.sleep(9)\n"
                "time.sleep = real",
                "%load_ext autoreload\n%autoreload 2",
                "from contextlib import redirect_stdout\nimport io\n"
                "with redirect_stdout(io.StringIO()): print(1)",
                "from lessons import predict, progress\npredict('leaks-p1', 'A')\nprogress()",
                f"check('{FIRST}', {exercises()[FIRST].answer})",
                "1 / 0",
                *NATURAL,
                "sys = 3; len = 4; exercises = None",
            )
        )
    )
    assert result.evidence == [] and not result.needs_person
    assert all_right(result)


def test_a_wrong_answer_keeps_what_holds_and_names_what_does_not() -> None:
    result = graded(job(with_cells(answers={FIRST: wrong(FIRST, 1)})))
    score = result.scores[CHECK]
    assert score.status == "wrong" and score.belief and score.points < WORTH
    assert any(not aspect["points"] for aspect in score.aspects)
    assert outputs(result, CHECK)[-1]["data"]["text/plain"] == f"{score.points:g}"


def test_an_untouched_notebook_is_missing_throughout() -> None:
    result = graded(job(answered({})))
    assert {score.status for score in result.scores.values()} == {"missing"}
    assert not result.evidence and not result.needs_person


def test_an_answer_that_is_gone_is_missing_and_said() -> None:
    result = graded(job(with_cells(answers={FIRST: "nothing = 1"})))
    score = result.scores[CHECK]
    assert (score.points, score.status) == (0, "missing")
    assert score.note.startswith("The check cell raised NameError")
    assert score.note in outputs(result, CHECK)[-2]["text"] and not result.needs_person
    assert result.scores[f"{LAST}-check"].points


def test_points_earned_before_a_kernel_dies_are_kept() -> None:
    content = with_cells()
    content["cells"].append(cell("code", "import os\nos._exit(1)"))
    content["cells"].append(cell("code", "print('after')"))
    result = graded(job(content))
    assert all_right(result)
    assert "The kernel died in the cell added-" in result.note
    # Nothing is missing because of it, so there is nothing for a person to decide.
    assert not result.needs_person
    assert outputs(result, "print('after')")[0]["text"] == "after\n"


def test_a_kernel_without_the_kit_grades_nobody() -> None:
    """Otherwise each submission would have no points and no flag."""
    result = graded(job(with_cells(), files={"lessons.py": b"raise ModuleNotFoundError('No module')"}))
    assert (result.status, result.scores) == ("no kernel", {})
    assert "The kernel cannot import the kit, so nothing was graded (ModuleNotFoundError" in result.note


@pytest.mark.deep
def test_a_kernel_that_dies_again_and_again_is_given_up() -> None:
    content = with_cells(*["import os\nos._exit(1)"] * 4)
    result = graded(job(content))
    assert {score.points for score in result.scores.values()} == {0}
    assert result.scores[CHECK].note == "Not run: its kernel died too often."
    assert result.needs_person


@pytest.mark.deep
def test_leaving_the_kernel_costs_an_honest_student_nothing() -> None:
    # IPython calls it, and ends the kernel a moment later, while the check begins.
    result = graded(job(with_cells("exit")))
    assert all_right(result) and not result.needs_person


@pytest.mark.deep
def test_what_a_kernel_says_without_end_is_not_kept() -> None:
    content = with_cells(
        f"from IPython.display import display\nwhile True: display({{{MIME!r}: 'x' * 2_000_000}}, raw=True)",
        "raise ValueError('x' * 4_000_000)",
    )
    result = graded(job(content))
    assert all_right(result)
    assert "wrote more output than can be kept and was stopped." in result.evidence[0]
    assert len(result.notebook) < 1_000_000


def test_replies_that_nobody_asked_for_do_not_hold_the_grader_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        now = 0.0

        def get_shell_msg(self, timeout: float) -> dict[str, Any]:
            self.now += 0.3
            assert timeout > 0
            return {"parent_header": {"msg_id": "another"}}

    client: Any = Client()
    monkeypatch.setattr("classroom.execute.time", SimpleNamespace(monotonic=lambda: client.now))
    sandbox: Any = None
    Kernel(sandbox, client, 1.0)._settle("mine")
    assert SETTLING <= client.now < SETTLING + 1


@pytest.mark.deep
def test_a_cell_that_never_ends_costs_itself_alone() -> None:
    times = Times(cell=4, notebook=60, grace=1)
    result = graded(job(with_cells("while True: pass"), times=times))
    assert all_right(result)
    assert "the cell took too long and was interrupted." in result.evidence[0]


NO_MESSAGES = (
    "import os\nfor number in range(3, 250):\n"
    "    try: os.write(number, b'{' * 5_000)\n    except OSError: pass"
)
TOO_LARGE_A_REPLY = (
    "get_ipython().payload_manager.write_payload({'source': 'page', 'data': 'x' * 20_000_000})"
)


@pytest.mark.deep
@pytest.mark.parametrize(
    "source", [pytest.param(NO_MESSAGES, id="no-messages"), pytest.param(TOO_LARGE_A_REPLY, id="too-large")]
)
def test_a_kernel_that_cannot_be_reached_is_ended_and_the_rest_goes_on(source: str) -> None:
    # Either ends the connection, and what is sent after that would wait for ever.
    result = graded(job(with_cells(source), times=Times(cell=5, notebook=60, grace=1)))
    assert result.status == "graded" and "The kernel died in the cell" in result.note
    assert result.scores[f"{LAST}-check"].points


@pytest.mark.deep
def test_the_time_for_the_whole_notebook_ends_it() -> None:
    times = Times(cell=4, notebook=3, grace=1)
    result = graded(job(with_cells("while True: pass"), times=times))
    # The last one: what a busy machine costs may leave a moment for the first.
    assert result.scores[f"{LAST}-check"].note == "Not run: the time for the whole notebook was over."
    assert result.needs_person
    assert {score.points for score in result.scores.values()} == {0}


def test_what_a_busy_machine_costs_a_child_process_is_not_the_notebooks() -> None:
    # An answer runs in a child process of its kernel, and the system forgets that process when it ends.
    [processor, *_] = os.sched_getaffinity(0)
    here = f"import os, time\nos.sched_setaffinity(0, {{{processor}}})\n"
    works = f"{here}while time.process_time() < 1: pass"
    busy = subprocess.Popen([sys.executable, "-c", f"{here}while True: pass"])
    try:
        with opened(job(answered(RIGHT))) as kernel:
            started = kernel.lost
            ran = kernel.run(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {works!r}])", 60)
            assert not ran.end and kernel.lost - started > 0.2
    finally:
        busy.kill()
        busy.wait()


def test_an_answer_that_hangs_costs_the_judges_time_and_its_notebook_goes_on() -> None:
    name = exercises()[FIRST].answer
    result = graded(job(with_cells(answers={FIRST: f"def {name}(*given):\n    while True: pass"})))
    score = result.scores[CHECK]
    assert score.points == 0 and "was stopped after" in score.aspects[0]["seen"]
    # The kernel is interrupted, not ended: what the notebook has made stays there.
    assert not result.evidence and not result.needs_person and not score.note
    assert result.scores[f"{LAST}-check"].points == result.scores[f"{LAST}-check"].worth


def test_a_judge_that_was_ended_is_started_again_and_one_that_cannot_judge_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home.begin()
    for server in home._idle:
        server._process.kill()
        server._process.wait()
    assert all_right(graded(job(with_cells())))

    def cannot(self: object) -> None:
        raise Ended("it cannot judge")

    monkeypatch.setattr("lessons.judge.home.Server.verdict", cannot)
    result = graded(job(with_cells()))
    assert {score.note for score in result.scores.values()} == {"The judge itself failed: it cannot judge."}
    assert result.needs_person and not home._idle


@pytest.mark.deep
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_no_honest_answer_is_flagged_for_a_word_in_it(assignment: str) -> None:
    ids = [id for id in exercises() if id.startswith(f"{assignment}-")][
        : None if assignment == "leaks" else 9
    ]
    content = answered_in(assignment, ids)
    index = next(at for at, one in enumerate(content["cells"]) if one["id"] == ids[0])
    content["cells"][index:index] = [cell("code", source) for source in NATURAL]
    whole = json.dumps(answered_in(assignment, ids, stubs=True)).encode()
    result = graded(Job("ada", json.dumps(content).encode(), whole, TERM))
    assert all_right(result), {
        name: score for name, score in result.scores.items() if score.status != "correct"
    }
    assert (result.evidence, result.note, result.needs_person) == ([], "", False)


def graded_alone(id: str, answer: str, **about: Any) -> Result:
    """The result of one exercise's notebook."""
    assignment = id.partition("-")[0]
    content = answered_in(assignment, [id])
    next(one for one in content["cells"] if one["id"] == id)["source"] = answer
    whole = json.dumps(answered_in(assignment, [id], stubs=True)).encode()
    return graded(Job("ada", json.dumps(content).encode(), whole, TERM, **about))


@pytest.mark.deep
def test_a_link_in_the_shared_folder_leads_the_judge_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET", encoding="utf-8")
    planted = (
        "import os, threading, time, pathlib\nRight = DailyReport\nplaces = set()\n"
        "def plant():\n"
        "    while True:\n"
        "        for place in list(places):\n"
        "            for folder in [place, *(one for one in place.parent.iterdir() if one.is_dir())]:\n"
        f"                try: os.symlink({str(secret)!r}, folder / 'link')\n"
        "                except OSError: pass\n"
        "class DailyReport(Right):\n"
        "    def __exit__(self, *given):\n"
        "        places.add(pathlib.Path(self.path).parent)\n"
        "        threading.Thread(target=plant, daemon=True).start()\n"
        "        said = super().__exit__(*given)\n"
        "        os.path.exists(self.path) and os.unlink(self.path)\n"
        f"        os.symlink({str(secret)!r}, self.path)\n"
        "        return said\n"
    )
    result = graded_alone("leaks-x4", f"{solution('leaks-x4')}\n{planted}")
    [score] = result.scores.values()
    assert score.points < score.worth and "SECRET" not in result.notebook + repr(score)
    assert secret.read_text(encoding="utf-8") == "SECRET"


@pytest.mark.deep
def test_the_shared_folder_holds_no_more_than_a_folder_of_the_sandbox() -> None:
    hoard = (
        f"{solution('leaks-x4')}\n_first = DailyReport.__init__\n"
        "def filling(self, path):\n    _first(self, path)\n    number = 0\n"
        "    while True:\n        number += 1\n"
        "        with open(f'{path}.{number}', 'wb', 0) as file: file.write(bytes(2**22))\n"
        "DailyReport.__init__ = filling\n"
    )
    result = graded_alone("leaks-x4", hoard)
    [score] = result.scores.values()
    assert score.points < score.worth and result.needs_person


@pytest.mark.deep
@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become an ordinary user")
def test_an_ordinary_user_grades_as_root_does() -> None:
    program = (
        f"import sys\nsys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}\n"
        "from test_execute import all_right, graded_alone\nfrom coursework import solution\n"
        "result = graded_alone('leaks-x4', solution('leaks-x4'))\nprint(all_right(result), result.evidence)"
    )
    words = as_ordinary_user(sys.executable, "-c", program)
    about = os.environ | {"HOME": "/tmp", "TMPDIR": "/tmp"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, env=about)
    assert done.stdout == "True []\n", done.stdout + done.stderr


def test_files_of_the_release_lie_beside_the_notebook() -> None:
    content = with_cells("print(open('data.csv').read())")
    result = graded(job(content, files={"data.csv": b"a,b"}))
    assert outputs(result, "print(open('data.csv').read())")[0]["text"] == "a,b\n"


def test_a_test_cell_of_nbgraders_own_kind_counts_as_there() -> None:
    cells = [
        cell("code", "x = 1", "leaks-x1", solution=True),
        cell("code", "import sys; print('note', file=sys.stderr); assert x == 1", "t1", grade=True, points=2),
        cell("code", "assert x == 2", "t2", grade=True, points=2),
        cell("code", "x + 0.5", "t3", grade=True, points=2),
    ]
    for one in cells[1:]:
        one["metadata"]["nbgrader"]["locked"] = True
    whole = notebook(cells)
    result = graded(Job("ada", json.dumps(whole).encode(), json.dumps(whole).encode(), TERM))
    assert {name: score.points for name, score in result.scores.items()} == {"t1": 2, "t2": 0, "t3": 1.5}


def test_what_a_grader_cannot_grade_it_says() -> None:
    result = graded(job({}, notebook=b"{"))
    assert result.status == "unreadable" and result.needs_person
    assert {score.points for score in result.scores.values()} == {0}
    assert "Not graded (unreadable)" in result.notebook


def test_a_fault_of_the_grader_is_a_result_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("classroom.intake.rebuilt", broken)
    result = graded(job({}))
    assert (result.status, result.note) == ("stopped", "The grader itself failed: RuntimeError, a fault.")


def test_on_a_machine_that_is_too_busy_nothing_is_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "busy", True)
    result = graded(job(with_cells("while True: pass"), times=Times(cell=0.5)))
    assert (result.status, result.needs_person) == ("stopped", True)
    assert "too busy, twice" in result.note


def test_course_work_has_two_exercises() -> None:
    # The tests above tell one exercise from the other.
    assert len(coursework.IDS) == 2
