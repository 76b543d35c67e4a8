"""What is left of its rights to a process that is confined, as an attacker in the vote page would find it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import contextlib, json, os, socket, sys, threading
from lessons.desk.votes import confined

listening = socket.create_server(("127.0.0.1", 0))
free = socket.socket()
served = socket.create_server(("127.0.0.1", 0))
before = os.open("/", os.O_RDONLY)
is_confined = confined.close_the_rest()
parent = os.getppid()

def by_sending(send):
    # A socket that listens no more can be connected with the first data.
    with contextlib.suppress(OSError):
        served.shutdown(socket.SHUT_RDWR)
    send(0x20000000, listening.getsockname())

def forked():
    if os.fork() == 0:
        try:
            os.execv("/bin/true", ["true"])
        finally:
            os._exit(1)
    _, code = os.wait()
    assert code == 0

tries = {
    "read a file": lambda: open("/etc/passwd"),
    "read a file from an open folder": lambda: os.open("etc/passwd", os.O_RDONLY, dir_fd=before),
    "list a folder": lambda: os.listdir("/"),
    "write a file": lambda: open("/tmp/lifecycle-confined", "w"),
    "make a folder": lambda: os.mkdir("/tmp/lifecycle-confined"),
    "read another process": lambda: open(f"/proc/{parent}/environ"),
    "write into another process": lambda: open(f"/proc/{parent}/mem", "wb"),
    "signal another process": lambda: os.kill(parent, 0),
    "connect over TCP": lambda: free.connect(listening.getsockname()),
    "connect by sending": lambda: by_sending(lambda *given: served.sendto(b"GET", *given)),
    "connect by a message": lambda: by_sending(lambda *given: served.sendmsg([b"GET"], [], *given)),
    "listen on one more port": lambda: free.bind(("127.0.0.1", 0)),
    "make a TCP socket": lambda: socket.socket(),
    "make a UDP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "make a Unix socket": lambda: socket.socket(socket.AF_UNIX),
    "start a program": lambda: os.execv("/bin/true", ["true"]),
    "start a program in a child": forked,
}
done = {}
def attack(where):
    for name, act in tries.items():
        try:
            act()
            done[f"{name}, {where}"] = "done"
        except BaseException as error:
            done[f"{name}, {where}"] = type(error).__name__
attack("in the first thread")
thread = threading.Thread(target=attack, args=["in a thread"])
thread.start()
thread.join()
sys.stdout.write(json.dumps([is_confined, done]))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes these rights away")
def test_a_confined_process_opens_starts_and_reaches_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    is_confined, done = json.loads(ended.stdout)
    if not is_confined:
        pytest.skip("this Linux has no Landlock of version 4, or no seccomp")
    allowed = {"PermissionError", "AssertionError"}
    assert len(done) == 34
    assert {name: got for name, got in done.items() if got not in allowed} == {}
