"""The judge of a browser: a second Python in a worker of its own, which can be ended.

A browser cannot copy a process. So the notebook's definitions run again in the worker, and the answer is
judged there. Each result is reported as soon as it is settled. If an answer never ends, or ends Python, its
worker is ended, and the answer keeps what it had earned. Each check has a new worker, so no answer meets
another one.
"""

import ast
import asyncio
import importlib
import json
import linecache
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from lessons import browser
from lessons.exercises import Exercise, Variant, attempt, exercises
from lessons.judge.trial import Trial, by_loopback, examine, not_judged
from lessons.judge.verdict import Verdict
from lessons.judge.wire import GONE, TOO_LONG, Over

SLOWER = 3
"""How many times longer a check may take in a browser than on a desk."""

LOADING = 180.0  # seconds until the worker's Python is ready, and until the definitions have run again
NOT_READY = (
    "The check could not start in this browser: that says nothing about your answer. Run the cell again. If "
    "that does not help, reload the page."
)

_DEFINE = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign,
    ast.AnnAssign, ast.AugAssign, ast.If, ast.Try,
)  # fmt: skip
"""The statements of a cell that run again in the worker: those that make names."""


def judged(exercise: Exercise, answer: object, variant: Variant) -> Verdict:
    """Judge an answer in a worker; in this Python if it has no worker, or if the answer has no name."""
    shell = _shell()
    name = None if shell is None else _name(shell.user_ns, exercise.answer, answer)
    if name is None or not _can_wait():
        return examine(exercise, answer, variant)
    cells = [shell.transform_cell(source) for source in browser.cells]
    request = {"exercise": exercise.id, "variant": variant.name, "name": name, "cells": cells}
    worker = _spare.pop() if _spare else Worker()
    try:
        wait = importlib.import_module("pyodide.ffi").run_sync
        told = wait(worker.verdict(request, exercise.seconds * SLOWER))
    finally:
        worker.end()
    prepare()
    if told is None:
        return examine(exercise, answer, variant)
    return Verdict.from_dict(told) if told else not_judged(exercise, variant, NOT_READY)


def prepare() -> None:
    """Start a worker for the next check, if this Python has workers."""
    if not _spare and _shell() is not None and _can_wait():
        _spare.append(Worker())


class Worker:
    """A worker of the browser in which `serve` judges one answer."""

    def __init__(self) -> None:
        js, ffi = importlib.import_module("js"), importlib.import_module("pyodide.ffi")
        self._told: asyncio.Queue[str] = asyncio.Queue()
        self._listener = ffi.create_proxy(lambda event: self._told.put_nowait(event.data))
        self._failed = ffi.create_proxy(lambda event: self._told.put_nowait('{"gone": true}'))
        # The kernel is a worker, too: its script is one of JupyterLite's extensions.
        root = str(js.location.href).partition("/extensions/")[0]
        module = ffi.to_js({"type": "module"}, dict_converter=js.Object.fromEntries)
        self._worker = js.Worker.new(f"{root}/judge.js", module)
        self._worker.onmessage = self._listener
        self._worker.onerror = self._failed

    async def verdict(self, request: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The verdict as a dict: empty if the check did not start, None if the worker has no such answer."""
        try:
            if "ready" not in await self._next(LOADING):
                return {}
            self._worker.postMessage(json.dumps({**request, "seconds": seconds}))
            told = await self._next(LOADING)
        except TimeoutError:
            return {}
        if "ends" not in told:
            return None if "unknown" in told else {}
        ends, until = told["ends"], time.monotonic() + seconds
        while True:
            try:
                told = await self._next(until - time.monotonic())
            except TimeoutError:
                return dict(ends[TOO_LONG])
            if "gone" in told:
                return dict(ends[GONE])
            if "verdict" in told:
                return dict(told["verdict"])
            ends = told["ends"]

    async def _next(self, seconds: float) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await asyncio.wait_for(self._told.get(), seconds))
        return told

    def end(self) -> None:
        """End the worker, whatever it is doing."""
        self._worker.terminate()
        self._listener.destroy()
        self._failed.destroy()


_spare: list[Worker] = []


def serve(request: str, tell: Callable[[str], object]) -> None:
    """Judge an answer in this Python, which is a worker's. tell: called with each message, as JSON."""
    asked = json.loads(request)
    exercise, seconds = exercises()[asked["exercise"]], asked["seconds"]
    names = _again(asked["cells"])
    if asked["name"] not in names:
        tell(json.dumps({"unknown": asked["name"]}))
        return

    def report() -> None:
        ends = {how: trial.verdict(Over(how, f"{seconds:g}")).as_dict() for how in (TOO_LONG, GONE)}
        tell(json.dumps({"ends": ends}))

    trial = Trial(exercise, Variant(asked["variant"]), "", report)
    report()
    end = by_loopback(names[asked["name"]], seconds, trial.run)
    tell(json.dumps({"verdict": trial.verdict(end).as_dict()}))


def _again(cells: list[str]) -> dict[str, Any]:
    """The names that the definitions of these cells make."""
    module = types.ModuleType("__main__")
    for number, source in enumerate(cells, 1):
        filename = f"answer {number}"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        tree = ast.parse(source)
        # One at a time: a definition counts even if a later one of the same cell fails here.
        for statement in tree.body:
            if isinstance(statement, _DEFINE):
                code = compile(ast.Module([statement], []), filename, "exec")
                attempt(exec, code, module.__dict__)
    return module.__dict__


def _name(names: dict[str, Any], usual: str, answer: object) -> str | None:
    """The name of an answer among a notebook's names, its usual one first; None if it has no name."""
    fitting = [name for name, value in names.items() if value is answer and not name.startswith("_")]
    return usual if usual in fitting else next(iter(fitting), None)


def _shell() -> Any:
    # Not IPython's own function: outside a notebook it must not be imported.
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _can_wait() -> bool:
    """Whether this Python can wait for a worker: some browsers cannot suspend WebAssembly."""
    return browser.here() and bool(importlib.import_module("pyodide.ffi").can_run_sync())
