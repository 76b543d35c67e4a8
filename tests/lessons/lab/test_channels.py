"""What a frontend opens while a lab runs is not said to be the pipeline's: the labs in a real kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

WAIT = """
import pathlib, time
from lifecycle.sinks import ListSink
from lifecycle.sources import ListSource

def meanwhile(reached, go):
    pathlib.Path(reached).touch()
    until = time.monotonic() + 30
    while not pathlib.Path(go).exists() and time.monotonic() < until:
        time.sleep(0.01)
"""
MAP = """
from lessons import FaultMap

runs = []

def build():
    runs.append("one more")
    if len(runs) == 9:
        meanwhile({reached!r}, {go!r})
    return ListSource([1, 2]), [], ListSink()

lab = FaultMap(build)
lab
"""


@pytest.fixture
def kernel() -> Iterator[BlockingKernelClient]:
    # Without a history: IPython writes it from a thread of its own, and opens a file for that at any moment.
    manager, client = start_new_kernel(
        kernel_name="python3", extra_arguments=["--HistoryManager.enabled=False"]
    )
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def printed(client: BlockingKernelClient, code: str, meanwhile: Callable[[], object] = bool) -> str:
    """Run a cell and return what it printed; `meanwhile` is called while it runs."""
    lines: list[str] = []

    def hook(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            lines.append(message["content"]["text"])

    asked = client.execute(code)
    meanwhile()
    reply: dict[str, Any] = client._recv_reply(asked, timeout=60)
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == asked:
            hook(message)
            if message["content"].get("execution_state") == "idle":
                break
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(lines)


def channels(client: BlockingKernelClient) -> None:
    """Open what JupyterLab opens for the first widget of a kernel: a subshell, with a thread and sockets."""
    client.control_channel.send(client.session.msg("create_subshell_request", {}))
    assert client.get_control_msg(timeout=60)["content"]["status"] == "ok"


def once(reached: Any, go: Any, client: BlockingKernelClient) -> Callable[[], None]:
    """Wait until the kernel has come to `reached`, open the channels there, and let it go on."""

    def meanwhile() -> None:
        until = time.monotonic() + 60
        while not reached.exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        channels(client)
        go.touch()

    return meanwhile


def test_a_frontend_that_opens_its_channels_during_the_sweep_accuses_nobody(
    kernel: BlockingKernelClient, tmp_path: Any
) -> None:
    reached, go = tmp_path / "reached", tmp_path / "go"
    printed(kernel, WAIT)
    printed(kernel, MAP.format(reached=str(reached), go=str(go)), once(reached, go, kernel))
    assert "the operating system counts" not in printed(kernel, "print(lab.outcome.sentence)")


def test_a_frontend_that_opens_its_channels_between_two_steps_is_not_counted(
    kernel: BlockingKernelClient,
) -> None:
    printed(kernel, "from lessons import FailureLab\nlab = FailureLab()\nlab.act('step')\nlab.act('step')")
    before = printed(kernel, "print(lab.chain.system)")
    channels(kernel)
    assert printed(kernel, "print(lab.chain.system)") == before
    closed = printed(kernel, "lab.act('run')\nlab.chain.close()\nprint(lab.chain.system)")
    assert closed == "System(files=0, sockets=0)\n"
