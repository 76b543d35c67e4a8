"""Attacks on the wire between a sandbox and the judge outside: none earns more than its answers deserve.

Each is one submission, whose second exercise is answered rightly and must keep its points.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import sys
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from coursework import IDS, TERM, answered, cell, release, solution, wrong

from classroom.execute import Job, Result, Times, graded
from classroom.sandbox import available
from lessons.exercises import Variant, executed, exercises
from lessons.judge.host import Host, hello
from lessons.judge.judge import Judge
from lessons.judge.trial import Trial
from lessons.judge.wire import Channel, Over

if sys.platform != "linux":
    pytest.skip("the sandbox needs Linux", allow_module_level=True)
if not available()[0]:
    pytest.skip(f"no sandbox: {available()[1]}", allow_module_level=True)

FIRST, SECOND = IDS[0], IDS[-1]
EXERCISE = exercises()[FIRST]
NAME, WORTH = EXERCISE.answer, EXERCISE.worth
TIMES = Times(cell=10, notebook=120, grace=1)

FEW = ("every reply is true", "the kit's host replaced", "second session")
"""What `make test` runs; `make deep` runs the others."""

WIRE = """
import json, os, socket, struct, time
PLACE = os.environ["LIFECYCLE_JUDGE"]
def connected():
    while True:
        one = socket.socket(socket.AF_UNIX)
        try:
            one.connect(PLACE)
            return one
        except OSError:
            one.close()
            time.sleep(0.002)
def send(one, message):
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    one.sendall(struct.pack(">I", len(data)) + data)
def exactly(one, size):
    data = b""
    while len(data) < size:
        part = one.recv(size - len(data))
        if not part: raise EOFError
        data += part
    return data
def receive(one):
    return json.loads(exactly(one, struct.unpack(">I", exactly(one, 4))[0]))
def behind(act):
    global CHILD
    CHILD = os.fork()
    if CHILD == 0:
        os.setsid()
        try: act(connected())
        finally: os._exit(0)
def replying(reply):
    def act(one):
        send(one, ["hello", 1])
        number = 0
        while True:
            message = receive(one)
            send(one, reply(message, number))
            number += 1
    return act
"""
"""With this a cell speaks for itself: `behind` sends a process that is there before the kernel's own host."""


@dataclass(frozen=True)
class Attack:
    """Cells before the first check, and the first exercise's answer; "" leaves it as it was released."""

    name: str
    source: str = ""
    answer: str = ""
    earns: float = 0
    alone: bool = True


def early(name: str, source: str, alone: bool = True) -> Attack:
    """A process in the background that is the first to come to the judge."""
    return Attack(name, f"{WIRE}\n{source}", alone=alone)


THING = (
    '{"mine": [number + 7, "generator", "generator", ["__iter__", "__next__", "__call__", "__enter__"], []]}'
)
SHOWN = "import lessons.judge.home as home, lessons.judge.host as host\n"

ATTACKS = [
    early("silent", "behind(lambda one: time.sleep(60))"),
    early("gone at once", "behind(lambda one: one.close())"),
    early(
        "half a message",
        "behind(lambda one: (one.sendall(struct.pack('>I', 90) + b'[\"he'), time.sleep(60)))",
    ),
    early(
        "a message of two gigabytes",
        "behind(lambda one: (one.sendall(b'\\x7f\\xff\\xff\\xff'), time.sleep(60)))",
    ),
    early("a flood of bytes", "def act(one):\n    while True: one.sendall(b'x' * 60_000)\nbehind(act)"),
    early("another protocol", "behind(lambda one: (send(one, ['hello', 99]), time.sleep(60)))"),
    early("no JSON", "behind(lambda one: (send(one, b'\\xff\\xfe{{{'), time.sleep(60)))"),
    early("deep JSON", "behind(lambda one: (send(one, b'[' * 400_000), time.sleep(60)))"),
    early("hello and no more", "behind(lambda one: (send(one, ['hello', 1]), time.sleep(60)))"),
    early("every reply is true", "behind(replying(lambda message, number: ['=', True]))"),
    early("every reply is nothing", "behind(replying(lambda message, number: ['=', None]))"),
    early("every reply is a made-up object", f"behind(replying(lambda message, number: ['=', {THING}]))"),
    early(
        "every reply is an object of the judge's",
        "behind(replying(lambda m, number: ['=', {'yours': number}]))",
    ),
    early("a forged number", "behind(replying(lambda m, number: ['=', {'yours': -1}]))"),
    early(
        "the question is the answer",
        "behind(replying(lambda message, number: ['=', message[1]]))",
    ),
    early(
        "every reply is the end",
        "END = {'error': ['mine', 5, ['builtins:StopIteration'], [], {}]}\n"
        "behind(replying(lambda m, number: ['!', END]))",
    ),
    early(
        "an error like the judge's own",
        "OVER = {'error': ['mine', 5, ['lessons.judge.wire:Over', "
        "'builtins:KeyboardInterrupt'], ['gone'], {}]}\n"
        "behind(replying(lambda m, number: ['!', OVER]))",
    ),
    early(
        "a verdict is sent",
        f"SAID = {{'verdict': {{'exercise': {FIRST!r}, 'status': 'correct', 'points': {WORTH}}}}}\n"
        f"LINES = [SAID, ['=', SAID], {{'done': SAID}}, {{'name': 'x', 'worth': {WORTH}, 'points': "
        f"{WORTH}}}]\n"
        "def act(one):\n    send(one, ['hello', 1])\n    for said in LINES: send(one, said)\n"
        "    time.sleep(60)\n"
        "behind(act)",
    ),
    early(
        "questions without an end",
        "def act(one):\n    send(one, ['hello', 1])\n    receive(one)\n"
        "    for _ in range(300_000): send(one, ['?', ['call', {'yours': 0}, 'close', [], {'dict': []}]])\n"
        "behind(act)",
    ),
    early(
        "questions in questions",
        "def ask(one, depth):\n    send(one, ['?', ['call', {'yours': depth % 9}, '__next__', [], "
        "{'dict': []}]])\n"
        "    while receive(one)[0] == '?': ask(one, depth + 1)\n"
        "def act(one):\n    send(one, ['hello', 1])\n    receive(one)\n    ask(one, 0)\n    time.sleep(60)\n"
        "behind(act)",
    ),
    early(
        "names that are not declared",
        "NAMES = ['__class__', '__globals__', '__dict__', 'gi_code', '_records', 'aspects', "
        "'__subclasses__', 'gi_frame']\n"
        "def act(one):\n    send(one, ['hello', 1])\n"
        "    while True:\n        receive(one)\n        for name in NAMES:\n"
        "            for number in range(4):\n"
        "                for asked in (['value', {'yours': number}, name],\n"
        "                              ['call', {'yours': number}, name, [], {'dict': []}]):\n"
        "                    send(one, ['?', asked])\n                    receive(one)\n"
        "        send(one, ['=', True])\nbehind(act)",
    ),
    early(
        "too many objects",
        "MANY = [{'mine': [number, 'a', '', [], []]} for number in range(20_000)]\n"
        "def reply(message, number):\n"
        "    return ['=', [{'mine': [100_000 * number + at, 'a', '', [], []]} for at in range(20_000)]]\n"
        "behind(replying(reply))",
    ),
    early(
        "numbers that collide",
        # A set of these takes minutes, in one line of Python that looks at no clock.
        "HARD = {'set': [number * (2**61 - 1) for number in range(45_000)]}\n"
        "behind(replying(lambda m, number: ['=', HARD]))",
    ),
    early("an endless number", "behind(replying(lambda m, number: ['=', {'int': '0x' + 'f' * 900_000}]))"),
    early(
        "descriptors of files",
        "import array\ndef act(one):\n    send(one, ['hello', 1])\n"
        "    given = array.array('i', [0] * 200)\n"
        "    while True: one.sendmsg([b'\\0\\0\\0\\x02[]'], [(socket.SOL_SOCKET, "
        "socket.SCM_RIGHTS, given)])\n"
        "behind(act)",
    ),
    early(
        "another socket in its place",
        "def at(path):\n    one = socket.socket(socket.AF_UNIX)\n    one.bind(path)\n"
        "    one.listen(5)\n    return one\n"
        "for act in (lambda: os.unlink(PLACE), lambda: os.rename(PLACE, PLACE + '2'), lambda: at(PLACE),\n"
        "            lambda: os.rename(os.path.dirname(PLACE), '/run/other'), lambda: "
        "os.symlink('/tmp', PLACE)):\n"
        "    try: kept = act()\n    except OSError: pass\n"
        "own = at('/tmp/mine')\nos.environ['LIFECYCLE_JUDGE'] = '/tmp/mine'",
    ),
    early(
        "signals to all",
        "def act(one):\n    import ctypes, signal\n    send(one, ['hello', 1])\n"
        "    peer = struct.unpack('3i', one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]\n"
        "    for pid in (peer, *range(70, 40_000)):\n"
        "        for signal in (19, 15, 9):\n            try: pid and os.kill(pid, signal)\n"
        "            except OSError: pass\n"
        "behind(act)",
    ),
    early(
        "memory of others",
        "def act(one):\n    import ctypes, glob\n    libc = ctypes.CDLL(None)\n    send(one, ['hello', 1])\n"
        "    for path in glob.glob('/proc/[0-9]*'):\n        pid = int(path[6:])\n"
        "        libc.ptrace(16, pid, 0, 0)\n"
        "        for name in ('mem', 'cmdline', 'environ', 'fd', 'root', 'cwd'):\n"
        "            try: print(pid, name, os.listdir(f'{path}/{name}'))\n            except OSError: pass\n"
        "    time.sleep(4)\nbehind(act)",
        alone=False,  # ptrace may leave its own kernel stopped: then its other cells do not run
    ),
    Attack("showing replaced", SHOWN + "home.show_outside = lambda *given: {'points': 99}", alone=False),
    Attack(
        "the kit's host replaced",
        SHOWN + "host.Host.serve = lambda self, name, *given: True\n"
        "host.Host.replied = lambda self, packed: b'[\"=\", true]'",
        alone=False,
    ),
    Attack(
        "a host that says what it likes",
        SHOWN + "host.Host.do_blank = lambda self, *given: False\n"
        "host._ASKED.update(call=lambda *given: 3, method=lambda *given: None, get=lambda *given: 3)",
        alone=False,
    ),
    Attack(
        "modules replaced",
        "import sys, types\nfake = types.ModuleType('lessons.judge.home')\nfake.show_outside = print\n"
        "sys.modules['lessons.judge.home'] = sys.modules['lessons.judge'] = sys.modules['lessons'] = fake",
        alone=False,
    ),
    Attack(
        "two checks in one cell",
        f"for _ in range(2): check({FIRST!r}, {NAME})\ncheck({SECOND!r}, {NAME})",
        answer=f"{wrong(FIRST)}\nprint(check({FIRST!r}, {NAME}), check({FIRST!r}, {NAME}))",
        earns=WORTH - 1,
    ),
    Attack(
        "checked again in its own check",
        answer=f"def {NAME}(*given):\n    check({FIRST!r}, {NAME})\n    return check({FIRST!r}, 3)",
    ),
    Attack(
        "second session",
        WIRE + "def late():\n    while not os.path.exists(PLACE): time.sleep(0.002)\n    time.sleep(0.3)\n"
        "    replying(lambda message, number: ['=', True])(connected())\n"
        "if os.fork() == 0:\n    try: late()\n    finally: os._exit(0)",
        answer=wrong(FIRST),
        earns=WORTH - 1,
        alone=False,
    ),
    Attack(
        "many connections",
        WIRE + "def act(one):\n    kept = [one]\n    until = time.time() + 8\n"
        "    while time.time() < until: kept.append(connected())\nbehind(act)",
        alone=False,
    ),
    Attack(
        "the kernel killed in the check",
        answer=f"import os\ndef {NAME}(*given):\n    os.kill(os.getppid(), 9)",
    ),
    Attack(
        "everybody killed in the check",
        answer=f"import os\ndef {NAME}(*given):\n    os.kill(-1, 9)",
    ),
    Attack("the host ends itself", answer=f"import os\ndef {NAME}(*given):\n    os._exit(0)"),
    Attack(
        "late at each question",
        answer=f"import time\ndef {NAME}(*given):\n    time.sleep(4.5)\n    raise KeyError",
    ),
    Attack(
        "the disk is full",
        "import os\nfor folder in ('/tmp', '/run', '/run/judge', '/dev/shm', '/home/student'):\n"
        "    try:\n        with open(folder + '/full', 'wb', 0) as file:\n"
        "            while True: file.write(bytes(2**20))\n"
        "    except OSError: pass",
    ),
    Attack(
        "memory without an end",
        answer=f"def {NAME}(*given):\n    hoard = []\n    while True: hoard.append(bytes(10**7))",
    ),
    Attack(
        "a name of markup",
        answer=f"class Odd(Exception): pass\nOdd.__name__ = '<script>alert(1)</script>'\n"
        f"def {NAME}(*given):\n    print('<script>alert(2)</script>\\x1b[2J\\ud800')\n"
        "    raise Odd('<script>alert(3)</script>')",
    ),
]

EACH = [
    pytest.param(one, id=one.name.replace(" ", "-"), marks=() if one.name in FEW else pytest.mark.deep)
    for one in ATTACKS
]


def run(attack: Attack) -> Result:
    whole = answered({SECOND: solution(SECOND)} | ({FIRST: attack.answer} if attack.answer else {}))
    if attack.source:
        index = next(at for at, one in enumerate(whole["cells"]) if one["id"] == f"{FIRST}-check")
        whole["cells"].insert(index, cell("code", attack.source))
        # On a busy machine the process comes too late for the first check, and would be first at the second.
        index = next(at for at, one in enumerate(whole["cells"]) if one["id"] == f"{SECOND}-check")
        whole["cells"].insert(index, cell("code", "import os\nos.kill(CHILD, 9)"))
    data, released = json.dumps(whole).encode(), json.dumps(release(*IDS)).encode()
    return graded(Job("mal", data, released, TERM, times=TIMES))


def judged_as_deserved(attack: Attack) -> Result:
    result = run(attack)
    first, second = (result.scores[f"{id}-check"] for id in (FIRST, SECOND))
    about = f"{attack.name}: {first} {result.evidence} {result.note}"
    assert result.status == "graded", about
    assert first.points <= attack.earns and first.status != "correct", about
    if attack.alone:
        assert second.points == second.worth, f"{attack.name}: {second} {result.evidence}"
    return result


def test_there_are_many() -> None:
    assert len({one.name for one in ATTACKS}) == len(ATTACKS) >= 40
    assert set(FEW) < {one.name for one in ATTACKS}


@pytest.mark.parametrize("attack", EACH)
def test_it_earns_what_it_deserves(attack: Attack) -> None:
    shown = judged_as_deserved(attack).notebook
    assert "<script>alert" not in "".join(
        str(output.get("data", {}).get("text/html"))
        for one in json.loads(shown)["cells"]
        for output in one.get("outputs", [])
        if one["metadata"].get("nbgrader", {}).get("grade")
    )


@pytest.mark.deep
def test_a_recorded_honest_session_is_not_correct_when_it_is_played_again() -> None:
    answer = executed(solution(FIRST), FIRST, executed("from contextlib import closing", "setup"))[NAME]
    said = json.dumps(recorded(answer))
    source = (
        f"{WIRE}\nimport base64\nSAID = [base64.b64decode(one) for one in {said}]\n"
        "def act(one):\n    send(one, SAID[0])\n"
        "    for one_more in SAID[1:]:\n        receive(one)\n        send(one, one_more)\n"
        "    time.sleep(60)\n"
        "behind(act)"
    )
    # It closes what the recorded answer closed; the records are others in each check.
    judged_as_deserved(Attack("replay", source, earns=WORTH - 1))


def recorded(answer: Any) -> list[str]:
    """What the host of a right answer says to a judge that is content with it, message by message."""
    ours, theirs = socket.socketpair()
    said: list[str] = []
    channel = Channel(theirs)
    sending = channel.send

    def send(data: bytes) -> None:
        said.append(base64.b64encode(data).decode())
        sending(data)

    channel.send = send  # type: ignore[method-assign]

    def serve() -> None:
        with contextlib.suppress(Over):
            channel.send(hello())
            Host(channel, answer).run()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with ours, theirs:
        judge = Judge(Channel(ours, 60))
        trial = Trial(EXERCISE, Variant(TERM), "a seed")
        assert trial.verdict(trial.run(judge)).points == WORTH
        ours.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    return said
