"""Submissions that cheat, break things or never end: each gets a recorded grade, none above what it earned.

All of them are graded in one run by two workers, with honest neighbours between them. An attack that fails
early proves nothing: each says in its outputs how far it came, and that is asked for, too.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coursework
import psutil
import pytest
from coursework import ASSIGNMENT, IDS, answered, cell, solution, submit, wrong
from nbformat import read
from nbgrader.api import Gradebook

from classroom.course import Course
from classroom.execute import Times
from classroom.grade import grade
from classroom.sandbox import available
from lessons.exercises import exercises

FIRST, SECOND = IDS[0], IDS[-1]
WORTH = exercises()[FIRST].worth
NAME = exercises()[FIRST].answer
TIMES = Times(cell=5, notebook=60, grace=1)
MARK = "lifecycle-left-behind"
CALL = b"lifecycle-out-of-the-sandbox"

if sys.platform != "linux":
    pytest.skip("the sandbox needs Linux", allow_module_level=True)
if not available()[0]:
    pytest.skip(f"no sandbox: {available()[1]}", allow_module_level=True)


FEW = (
    "check-rewritten", "showing-patched", "verdict-displayed", "gradebook-edited", "solutions-read",
    "network", "left-behind", "endless-loop", "exit", "all-braces", "empty-file",
)  # fmt: skip
"""One attack of each kind. `make test` runs these, and `make deep` all the others."""


@dataclass
class Attack:
    """A submission made hostile. `earns` is what its first exercise may get at most.

    alone: whether the other exercise, answered rightly, keeps its points. came: what its outputs say of how
    far it came; by default that it ran to its end, where it has a cell that says so.
    """

    name: str
    content: dict[str, Any] | bytes
    earns: float = 0
    status: str = "graded"
    alone: bool = True
    file: str = ""
    came: str | None = None

    @property
    def student(self) -> str:
        return self.name.replace(" ", "-")


RAN = "It ran to its end."
RIGHT, SECOND_RIGHT = solution(FIRST), solution(SECOND)


def with_cells(*sources: str, answer: str = "", check: Callable[[dict[str, Any]], None] | None = None) -> Any:
    """The second exercise answered rightly, the first with `answer`, and cells put before its check."""
    answers = {SECOND: SECOND_RIGHT} | ({FIRST: answer} if answer else {})
    whole = answered(answers)
    index = next(i for i, one in enumerate(whole["cells"]) if _name(one) == f"{FIRST}-check")
    if check:
        check(whole["cells"][index])
    ran = f"\nprint({RAN!r})"
    whole["cells"][index:index] = [cell("code", source + ran) for source in sources]
    return whole


def _name(one: dict[str, Any]) -> str:
    return str(one["metadata"].get("nbgrader", {}).get("grade_id", ""))


def tag(one: dict[str, Any]) -> None:
    one["metadata"]["tags"] = ["skip-execution", "nbval-skip"]


def ungrade(one: dict[str, Any]) -> None:
    one["metadata"]["nbgrader"] |= {"grade": False, "locked": False, "solution": True}
    one["source"] = f"{WORTH}"


def rewrite(one: dict[str, Any]) -> None:
    one["source"] = f"{WORTH}"


def dear(one: dict[str, Any]) -> None:
    one["metadata"]["nbgrader"]["points"] = 1000


def printed(one: dict[str, Any]) -> None:
    data = {"text/plain": [f"{WORTH}"]}
    one["outputs"] = [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}]
    one["metadata"]["tags"] = ["skip-execution"]


def without_check() -> Any:
    whole = with_cells()
    whole["cells"] = [one for one in whole["cells"] if _name(one) != f"{FIRST}-check"]
    return whole


def twice() -> Any:
    whole = with_cells()
    index = next(i for i, one in enumerate(whole["cells"]) if _name(one) == f"{FIRST}-check")
    double = json.loads(json.dumps(whole["cells"][index])) | {"source": f"{WORTH}", "id": "double"}
    whole["cells"].insert(index, double)
    return whole


def nonsense_metadata() -> Any:
    whole = with_cells(answer=RIGHT)
    whole["metadata"] = {"kernelspec": {"name": "../../evil", "display_name": 7}, "widgets": [1]}
    for one in whole["cells"]:
        if not _name(one):
            one["metadata"] = {"nbgrader": "yes", "tags": {"a": 1}, "jupyter": [[]]}
    whole["cells"] += [7, None, {"cell_type": "evil", "source": 3, "metadata": []}]
    return whole


FAKE = f"""
class Fake:
    points = worth = {WORTH}
    status = "correct"
"""

SHOWING = f"""
import lessons.judge.home as home, lessons.judge.host as host, lessons.judge.trial as trial
import lessons.study.checking as checking
from IPython.display import display
from lessons.exercises import exercises
from lessons.judge.verdict import Aspect, MIME, Verdict
shown, theirs = home.show_outside, exercises()[{FIRST!r}]
def forged(*given):
    all_hold = tuple(Aspect(one.name, one.points, one.points) for one in theirs.asked)
    display(Verdict(theirs.id, theirs.version, "kit", all_hold))
    return {WORTH}
forged()
"""
"""The names by which a kernel shows an answer to the judge, and a verdict that is forged."""

LEAVE = f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)  # {MARK}"])
    os._exit(0)
"""


def attacks(course: Course, port: int) -> list[Attack]:
    """The table. Paths of the course are told, as if somebody had found them out."""
    gradebook, other = str(course.gradebook), str(course.submitted("ada", ASSIGNMENT))
    return [
        Attack("tagged check skipped", with_cells(check=tag)),
        Attack("check no longer graded", with_cells(check=ungrade)),
        Attack("check rewritten", with_cells(check=rewrite)),
        Attack("check deleted", without_check()),
        Attack("check twice", twice()),
        Attack("check worth more", with_cells(answer=RIGHT, check=dear), WORTH),
        Attack("points printed before", with_cells(check=printed)),
        Attack("nonsense metadata", nonsense_metadata(), WORTH),
        Attack("own check function", with_cells(FAKE, "check = lambda *given: Fake()")),
        Attack(
            "own check after the answer", with_cells(answer=f"{NAME} = 1\ncheck = lambda *given: {WORTH}")
        ),
        Attack(
            "patched run_cell",
            with_cells(
                "import types\nshell = get_ipython()\nold = type(shell).run_cell\n"
                "def run(self, raw, *a, **k):\n"
                f"    return old(self, '{WORTH}' if 'show_outside' in raw else raw, *a, **k)\n"
                "type(shell).run_cell = run\nshell.run_cell = types.MethodType(run, shell)"
            ),
            alone=False,
        ),
        Attack(
            "patched run_cell_async",
            with_cells(
                "shell = get_ipython()\nold = type(shell).run_cell_async\n"
                "async def run(self, raw, *a, **k):\n"
                f"    if 'show_outside' in raw: raw = k['transformed_cell'] = '{WORTH}'\n"
                "    return await old(self, raw, *a, **k)\n"
                "type(shell).run_cell_async = run"
            ),
            alone=False,
        ),
        Attack(
            "AST transformer",
            with_cells(
                "import ast\nclass Rich(ast.NodeTransformer):\n    def visit_Expr(self, node):\n"
                f"        return ast.Expr(ast.Constant({WORTH}))\n"
                "get_ipython().ast_transformers.append(Rich())"
            ),
            alone=False,
        ),
        Attack(
            "input transformer",
            with_cells(
                "def rich(lines):\n"
                f"    return ['{WORTH}\\n'] if any('show_outside' in line for line in lines) else lines\n"
                "get_ipython().input_transformers_post.append(rich)"
            ),
            alone=False,
        ),
        Attack(
            "verdict written to every descriptor",
            with_cells(
                answer=f"import json, os, struct\n{SHOWING}\ndef {NAME}(*given):\n"
                "    all_hold = tuple(Aspect(one.name, one.points, one.points) for one in theirs.asked)\n"
                "    told = Verdict(theirs.id, theirs.version, 'kit', all_hold).as_dict()\n"
                "    line = json.dumps({'gone': told, 'too long': told, 'until': 1e9}) + '\\n'\n"
                "    frame = json.dumps(['=', told])\n"
                "    said = (line + json.dumps(told) + '\\n').encode() + struct.pack('>I', len(frame))\n"
                "    for number in range(3, 200):\n"
                "        try: os.write(number, said + frame.encode())\n"
                "        except OSError: pass\n    os._exit(0)\n"
                f"print({RAN!r})"
            ),
        ),
        Attack(
            "equal to everything",
            with_cells(
                answer="class Any:\n    def __getattr__(self, name): return self\n"
                "    def __call__(self, *a, **k): return self\n    def __eq__(self, other): return True\n"
                "    def __ge__(self, o): return True\n    def __iter__(self): return iter([self])\n"
                "    def __len__(self): return 7\n"
                "    def __enter__(self): return self\n    def __exit__(self, *a): return True\n"
                f"    __hash__ = None\n{NAME} = Any()"
            ),
        ),
        Attack(
            "showing patched",
            with_cells(SHOWING + "home.show_outside = host.Copy = forged"),
            alone=False,
        ),
        Attack(
            "code of the showing patched",
            with_cells(SHOWING + "shown.__code__ = (lambda place, answer: 99).__code__"),
            alone=False,
        ),
        Attack(
            "import patched",
            with_cells(
                SHOWING + "import builtins\nreal = builtins.__import__\n"
                "builtins.__import__ = lambda name, *a, **k: (\n"
                "    type('Fake', (), {'show_outside': forged}) if name == 'lessons.judge.home'\n"
                "    else real(name, *a, **k))"
            ),
            alone=False,
        ),
        Attack(
            "patched in the answer",
            with_cells(answer=SHOWING + f"home.show_outside = forged\n{NAME} = print\nprint({RAN!r})"),
            alone=False,
        ),
        Attack(
            "patched though right",
            with_cells(
                SHOWING + "trial.examine = home.judged = checking.judged = checking.check = forged",
                answer=RIGHT,
            ),
            WORTH,
        ),
        Attack(
            "another answer is shown",
            with_cells(
                SHOWING + "home.show_outside = lambda place, answer: shown(place, [answer, print, 3])"
            ),
            alone=False,
        ),
        Attack(
            "points as a property",
            with_cells(
                "from lessons.judge.verdict import Verdict\n"
                "Verdict.points = property(lambda self: sum(a.worth for a in self.aspects))\n"
                f"assert Verdict('', '', '', exercises()['{FIRST}'].asked).points == {WORTH}",
                answer=wrong(FIRST),
            ),
            WORTH - 1,
        ),
        Attack(
            "aspects worth more",
            with_cells(
                "from lessons.exercises import exercises\n"
                f"one = exercises()['{FIRST}']\n"
                "for asked in one.asked: object.__setattr__(asked, 'points', 50)\n"
                "assert list(one.aspects.values())[0] == 50",
                answer=wrong(FIRST),
            ),
            WORTH - 1,
        ),
        Attack(
            "patched builtin",
            with_cells("import builtins\nbuiltins.sum = lambda *given: " + str(WORTH), answer=wrong(FIRST)),
            WORTH - 1,
        ),
        Attack(
            "rules that find nothing",
            with_cells(
                "from lessons.exercises import exercises\nfrom lessons.exercises.rules import settled\n"
                f"one = exercises()['{FIRST}']\n"
                "for asked in one.asked: object.__setattr__(asked, 'rules', ())\n"
                "from lessons.exercises import Sheet, Variant\n"
                "assert all(aspect.holds for aspect in settled(None, Sheet(one, Variant())))",
                answer=wrong(FIRST),
            ),
            WORTH - 1,
        ),
        Attack(
            "modules swapped",
            with_cells(
                "import sys, types\nfake = types.ModuleType('lessons')\n"
                + FAKE
                + "fake.check = lambda *given: Fake()\nfake.course = fake.given = print\n"
                "sys.modules['lessons'] = fake"
            ),
        ),
        Attack(
            "verdict displayed",
            with_cells(
                answer=f"def {NAME}(*given, **named): pass\n"
                "from IPython.display import display\n"
                "display({'application/vnd.lifecycle.verdict+json': {'exercise': '"
                + FIRST
                + "', 'points': 9}},"
                " raw=True)"
            ),
        ),
        Attack(
            "another variant",
            with_cells("from lessons import course\ncourse('kit')", answer=RIGHT),
            WORTH,
        ),
        Attack(
            "a thread that patches",
            with_cells(
                SHOWING + "import threading, time\n"
                "def keep():\n    while True:\n        home.show_outside = forged\n"
                "        time.sleep(0.001)\n"
                "threading.Thread(target=keep, daemon=True).start()"
            ),
            alone=False,
        ),
        Attack(
            "gradebook read",
            with_cells(f"print(open({gradebook!r}, 'rb').read()[:20])\n"),
            came="FileNotFoundError",
        ),
        Attack(
            "gradebook edited",
            with_cells(
                f"import sqlite3\nbook = sqlite3.connect({gradebook!r})\n"
                "book.execute('update grade set auto_score = 5, manual_score = 5')\nbook.commit()"
            ),
            came="OperationalError",
        ),
        Attack(
            "solutions read",
            with_cells(
                f"import glob\nfor path in glob.glob({str(course.solutions)!r} + '/**/right*', recursive=1):"
                f"\n    exec(open(path).read())\nopen({str(course.root)!r} + '/course.toml')"
            ),
            came="FileNotFoundError",
        ),
        Attack(
            "other student read",
            with_cells(f"exec(str(open({other!r}).read()))"),
            came="FileNotFoundError",
        ),
        Attack(
            "other student overwritten",
            with_cells(f"open({other!r}, 'w').write('mine')"),
            came="FileNotFoundError",
        ),
        Attack(
            "network",
            with_cells(
                f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2).sendall({CALL!r})"
            ),
            came="ConnectionRefusedError",
        ),
        Attack("left behind", with_cells(LEAVE)),
        Attack(
            "memory",
            with_cells("hoard = []\nwhile True: hoard.append(bytearray(50_000_000))"),
            came="MemoryError",
        ),
        Attack("endless loop", with_cells("while True: pass", answer=RIGHT), WORTH, came="KeyboardInterrupt"),
        Attack(
            "endless loop that ignores interrupts",
            with_cells(
                "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
                f"print({RAN!r})\nwhile True: pass",
                answer=RIGHT,
            ),
            WORTH,
        ),
        Attack("endless loop in the answer", with_cells(answer=f"def {NAME}(*given):\n    while True: pass")),
        Attack(
            "check called in an endless loop",
            with_cells(
                f"def {NAME}(*given):\n    while True:\n        try: check('{FIRST}', {NAME})\n"
                "        except BaseException: pass"
            ),
        ),
        Attack("exit", with_cells("import os\nos._exit(0)"), came=""),
        Attack("exit after points", _after("import os\nos._exit(0)"), WORTH),
        Attack("system exit", with_cells("import sys\nsys.exit(0)", answer=RIGHT), WORTH, came="SystemExit"),
        Attack("kill", with_cells("import os, signal\nos.kill(0, signal.SIGKILL)"), came=""),
        Attack(
            "full disk",
            with_cells("for n in range(10_000): open(f'/tmp/{n}', 'wb').write(bytes(10_000_000))"),
            alone=False,
            came="No space left on device",
        ),
        Attack(
            "deep recursion",
            with_cells(f"def deep(n): return deep(n + 1)\nprint({RAN!r})\ndeep(0)", answer=RIGHT),
            WORTH,
        ),
        Attack(
            "recursion that crashes",
            with_cells(
                "import sys\nsys.setrecursionlimit(10**9)\ndef deep(n): return [deep(n + 1)]\ndeep(0)"
            ),
            came="",
        ),
        Attack(
            "huge output",
            with_cells("for n in range(3000): print('x' * 1_000)", answer=RIGHT),
            WORTH,
            came="xxx",
        ),
        Attack(
            "endless output",
            with_cells("while True: print('x' * 10_000)", answer=RIGHT),
            WORTH,
            came="",
        ),
        Attack(
            "huge display",
            with_cells("from IPython.display import HTML, display\ndisplay(HTML('x' * 3_000_000))"),
            came="an output of 3,0",
        ),
        Attack(
            "a message that is too large",
            with_cells("from IPython.display import HTML, display\ndisplay(HTML('x' * 30_000_000))"),
            came="",
        ),
        Attack(
            "fork bomb",
            with_cells("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
            came="",
        ),
        Attack(
            "input",
            with_cells("input('Your grade? ')", answer=RIGHT),
            WORTH,
            came="StdinNotImplementedError",
        ),
        Attack(
            "warnings on standard error",
            with_cells("import sys\nprint('ResourceWarning: unclosed', file=sys.stderr)", answer=RIGHT),
            WORTH,
        ),
        Attack(
            "frames walked",
            with_cells(
                answer=f"import sys\ndef {NAME}(*given):\n    frame = sys._getframe()\n    while frame:\n"
                "        found, frame = frame.f_locals.get('self'), frame.f_back\n"
                "        if type(found).__name__ == 'Host':\n"
                "            told = found.do_printed\n"
                "            found.serve = lambda name, *given: told() if name == 'printed' else True\n"
                f"            print({RAN!r})\n"
            ),
        ),
        Attack(
            "the host found in memory, and its channel",
            with_cells(
                answer=f"import gc\ndef {NAME}(*given):\n"
                "    for one in gc.get_objects():\n"
                "        if type(one).__name__ == 'Channel':\n"
                "            send = one.send\n"
                "            one.send = lambda data: send(data.replace(b'false', b'true'))\n"
                f"            print({RAN!r})\n"
            ),
            came="",
        ),
        Attack(
            "the check patched while it asks",
            with_cells(
                answer="import sys\nfrom lessons.exercises import exercises\n"
                "room = vars(sys)['mod' + 'ules']['lessons.exercises.' + 'rules']\n"
                f"def {NAME}(*given):\n"
                "    room.settled = room._Observed.finding = room.Rule.said = lambda *given: None\n"
                f"    for asked in exercises()['{FIRST}'].asked: object.__setattr__(asked, 'rules', ())\n"
                f"    print({RAN!r})\n    raise KeyError\n"
            ),
        ),
        Attack("all braces", b"[" * 200_000, status="unreadable"),
        Attack(
            "deep source", json.dumps(with_cells()).replace('"source": "', '"source": "\\ud800', 1).encode()
        ),
        Attack("no notebook", b'{"a": 1}', status="not a notebook"),
        Attack("empty file", b"", status="empty"),
        Attack("picture", bytes(range(256)) * 40, status="unreadable"),
        Attack("another course", json.dumps({"cells": [cell("code", "1")]}).encode(), status="foreign"),
        Attack("another name", with_cells(answer=RIGHT), WORTH, "renamed", file="my work (1).ipynb"),
        Attack("only a script", b"print()", status="not a notebook", file="leaks.py"),
    ]


def _after(source: str) -> Any:
    """Both exercises right, and a cell at the end."""
    whole = answered({FIRST: RIGHT, SECOND: SECOND_RIGHT})
    whole["cells"].append(cell("code", source))
    return whole


@dataclass
class Run:
    """What the one run of all of them gave."""

    course: Course
    table: dict[str, Attack]
    records: dict[str, dict[str, Any]]
    grades: dict[str, dict[str, float]]
    lines: list[str]
    calls: list[bytes]
    intact: bool


@pytest.fixture(scope="module")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One grading of the few attacks, or of all the others."""
    few = request.param == "few"
    course = coursework.make(tmp_path_factory.mktemp("hostile") / "course")
    lines: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        whole = {one.student: one for one in attacks(course, server.getsockname()[1])}
        table = {name: one for name, one in whole.items() if (name in FEW) == few}
        for one in table.values():
            submit(course, one.student, one.content, one.file)
        for student in ("ada", "zoe"):
            submit(course, student, answered({FIRST: RIGHT, SECOND: SECOND_RIGHT}))
        if not few:
            link = course.submitted("a-link", ASSIGNMENT)
            link.parent.mkdir(parents=True)
            link.symlink_to(course.submitted("ada", ASSIGNMENT))
            table["a-link"] = Attack("a-link", b"", status="unreadable")
        before = course.submitted("ada", ASSIGNMENT).read_bytes()
        began = time.monotonic()
        grade(course, ASSIGNMENT, workers=2, times=TIMES, say=lines.append)
        print(f"{len(table)} hostile submissions in {time.monotonic() - began:.0f} s")
        calls = list(heard(server))
    intact = course.submitted("ada", ASSIGNMENT).read_bytes() == before
    folder = course.records / ASSIGNMENT
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    yield Run(course, table, records, grades(course), lines, calls, intact)


def heard(server: socket.socket) -> Iterator[bytes]:
    """What the attack's connections have sent. Others may reach a port that an ended program had before."""
    with suppress(TimeoutError):
        while True:
            with server.accept()[0] as caller:
                caller.settimeout(1)
                with suppress(OSError):
                    if (said := caller.recv(100)).startswith(CALL):
                        yield said


def grades(course: Course) -> dict[str, dict[str, float]]:
    """Each student's score by cell, as the gradebook has it."""
    with Gradebook(course.gradebook_url) as book:
        return {
            one.student.id: {
                grade.name: grade.score for notebook in one.notebooks for grade in notebook.grades
            }
            for one in book.assignment_submissions(ASSIGNMENT)
        }


def graded_notebook(course: Course, student: str) -> Any:
    path = course.root / "autograded" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    return read(path, 4)  # type: ignore[no-untyped-call]


NAMES = [one.student for one in attacks(Course(Path("course"), "", "", {}), 1)] + ["a-link"]


def test_there_are_at_least_twenty_five() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 25
    assert set(FEW) < set(NAMES)


BOTH = pytest.mark.parametrize("run", ["few", pytest.param("others", marks=pytest.mark.deep)], indirect=True)
EACH = pytest.mark.parametrize(
    ("run", "student"),
    [
        *(("few", name) for name in FEW),
        *(pytest.param("others", name, marks=pytest.mark.deep) for name in NAMES if name not in FEW),
    ],
    indirect=["run"],
)


@BOTH
def test_the_run_gives_every_submission_a_grade(run: Run) -> None:
    everybody = {*run.table, "ada", "zoe"}
    assert set(run.records) == set(run.grades) == everybody
    assert len(run.lines) == len(everybody)


@EACH
def test_it_gets_what_it_earned(run: Run, student: str) -> None:
    attack, record = run.table[student], run.records[student]
    score = record["exercises"][FIRST]
    about = json.dumps([record["status"], record["note"], record["evidence"], score], indent=1)
    assert record["status"] == attack.status, about
    assert score["points"] <= attack.earns, about
    if attack.earns == WORTH:
        # What is right is paid, whatever stands around it.
        assert score["points"] == WORTH, about
    assert run.grades[student][f"{FIRST}-check"] == score["points"]


@EACH
def test_the_other_exercise_keeps_its_points(run: Run, student: str) -> None:
    attack, record = run.table[student], run.records[student]
    if not isinstance(attack.content, dict) or not attack.alone:
        return
    score = record["exercises"][SECOND]
    assert score["points"] == score["worth"], json.dumps(record, indent=1)


@EACH
def test_it_came_as_far_as_it_could(run: Run, student: str) -> None:
    attack = run.table[student]
    if not isinstance(attack.content, dict) or attack.status != "graded":
        return
    whole = json.dumps(attack.content)
    came = (RAN if RAN in whole else "") if attack.came is None else attack.came
    outputs = [one.get("outputs", []) for one in graded_notebook(run.course, student).cells]
    assert came in json.dumps(outputs), f"{came} is not in {outputs}"


@BOTH
@pytest.mark.parametrize("student", ["ada", "zoe"])
def test_an_honest_neighbour_gets_everything(run: Run, student: str) -> None:
    record = run.records[student]
    assert record["status"] == "graded" and not record["needs_person"] and not record["evidence"]
    assert all(score["points"] == score["worth"] for score in record["exercises"].values())


@BOTH
def test_nobody_reached_the_network_or_another_student(run: Run) -> None:
    assert run.calls == []
    assert run.intact


@BOTH
def test_nothing_of_them_runs_on(run: Run) -> None:
    left = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(MARK in word for word in process.info["cmdline"] or [])
    ]
    assert left == []


@BOTH
def test_nbgrader_reads_the_same_points_from_the_graded_notebook(run: Run) -> None:
    from nbgrader.utils import determine_grade

    for student, record in run.records.items():
        cells = graded_notebook(run.course, student).cells
        executed = {one.metadata.nbgrader.grade_id: one for one in cells if "nbgrader" in one.metadata}
        for name, score in record["exercises"].items():
            assert determine_grade(executed[f"{name}-check"])[0] == score["points"], student
