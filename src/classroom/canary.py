"""Canaries, and the other ways in which a forged check shows.

A canary is a wrong solution that is checked inside the student's own kernel, before and after the student's
own answer: a check that calls it correct is no check any more.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from classroom import inside

if TYPE_CHECKING:
    from classroom.intake import Slot
    from lessons.judge.verdict import Verdict

CHECK = re.compile(r'check\("([a-z][a-z0-9]*-x\d+)", *([A-Za-z_]\w*)\)\.points')
"""What the kit's check cells hold."""

LOOKED = "uses what no exercise needs:"

LONG = 200_000
"""Characters of a cell above which it is not looked through: its tree takes a thousand times the memory."""

Solutions = list[list[str]]


def exercise(slot: Slot) -> str | None:
    """Which exercise a check cell checks; None for a cell of another kind."""
    matched = CHECK.fullmatch(slot.source.strip())
    return matched[1] if matched else None


def answer(slot: Slot) -> str:
    """Under which name a check cell takes the answer; "" for a cell of another kind."""
    matched = CHECK.fullmatch(slot.source.strip())
    return matched[2] if matched else ""


def doubt(verdict: Verdict, stood: object) -> str:
    """What speaks against a verdict's points, from what was seen while they were given; "" when nothing does.

    stood: by aspect, its points and what was seen, as `inside.graded` gives it.
    """
    from lessons.exercises import exercises

    known = exercises().get(verdict.exercise)
    worths = {aspect.name: aspect.worth for aspect in verdict.aspects}
    if known is not None and worths != known.aspects:
        return "the verdict has other aspects than the exercise."
    for aspect in verdict.aspects:
        if aspect.points not in (0, aspect.worth) or aspect.worth < 1:
            return f"{aspect.name!r} got {aspect.points} points and is worth {aspect.worth}."
        told = stood.get(aspect.name) if isinstance(stood, dict) else None
        if not aspect.points:
            continue
        if not isinstance(told, list) or told[0] != aspect.points:
            return f"nothing was seen of how {aspect.name!r} got its points."
        if told[1]:
            return str(told[1])
    return ""


def chosen(wrong: Iterable[tuple[str, str]], key: str) -> tuple[Solutions, Solutions]:
    """The wrong solutions to check before and after; the same for the same key.

    wrong: all of the exercise. key: names the course's variant, the student and the exercise.

    A student who saw another's canary, or their own of last week, has not seen this one.
    """
    there = [list(one) for one in wrong]
    there.sort(key=lambda one: hashlib.sha256(f"{key}:{one[0]}".encode()).digest())
    return there[:1], there[1:2] or there[:1]


def passed(asked: dict[str, Any], solutions: Solutions, most: Mapping[str, int]) -> str:
    """What shows that the check is forged, from what the canaries were given; "" when nothing does.

    most: how many points each canary may get, by its name.
    """
    given = asked.get("given")
    if not solutions:
        return ""
    if not isinstance(given, dict):
        return "the wrong solutions could not be checked in this kernel."
    for name, _ in solutions:
        points = given.get(name)
        if type(points) is not int:
            return f"of the wrong solution {name} the check said nothing of use: {str(points)[:200]}."
        if points > most[name]:
            return f"the check gave the wrong solution {name} {points} points, {most[name]} are right."
    return ""


@cache
def earned(exercise: str, name: str, source: str, setup: str, check: str, variant: str, worth: int) -> int:
    """How many points a wrong solution gets from the check as it is in the course, tried once a process.

    Where the exercise is not the kit's own, this process does not have its check: then all but all of them.
    """
    from lessons.exercises import Variant, executed, exercises
    from lessons.judge.trial import examine

    known = exercises().get(exercise)
    if known is None:
        return worth - 1
    try:
        names = executed(setup, f"{exercise} setup")
        answer = executed(source, f"{exercise} {name}", names).get(known.answer)
        return min(examine(exercise, answer, Variant(variant)).points, worth - 1)
    except Exception:
        return worth - 1


def changed(before: dict[str, str], after: object) -> str:
    """What the submission replaced of the checks and of the kernel; "" when all is as it was.

    before, after: the marks that `inside.made` took, before anything ran and now.
    """
    if not isinstance(after, dict) or not before:
        return "the kernel did not say what its checks are made of."
    modules = {key for key in before if ":" not in key}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        module = key.partition(":")[0]
        if was is None and (module not in modules or not inside.OWN(module)):
            # A module that came later, or what a program added to a library.
            continue
        what = "is gone" if now is None else "was added" if was is None else "was replaced"
        return f"{key.replace(':', '.')} {what}."
    return ""


def beginning(nonce: str, kind: str, setup: str) -> str:
    """Code that loads `inside` in a kernel before anything else runs there, and shows what it replied."""
    text = _inside() + _CALL.format(setup=setup, nonce=nonce, kind=kind)
    return f"exec(compile({text!r}, 'grader', 'exec'), {{'__name__': {nonce!r}}})"


def request(task: str, nonce: str, kind: str, given: Mapping[str, Any]) -> tuple[str, str]:
    """Code that has one function of `inside` run in a kernel, and the text that the reply's mark covers."""
    text = json.dumps({"task": task, "nonce": nonce, "kind": kind, "given": dict(given)})
    return f"__import__('sys').audit({inside.CALL!r}, {text!r})", text


def reply(shown: object, key: str, text: str) -> tuple[dict[str, Any], list[str]]:
    """What a request's reply holds, and what was seen meanwhile; no reply when its mark is wrong.

    shown: what the kernel showed. key: of this kernel's replies. text: of the request.
    """
    if not isinstance(shown, dict) or not key:
        return {}, []
    said, mark = shown.get("said"), shown.get("mark")
    if not isinstance(said, str) or not isinstance(mark, str):
        return {}, []
    if hmac.compare_digest(mark.encode(), inside.signed(bytes.fromhex(key), text, said).encode()):
        whole = json.loads(said)
        return whole["reply"], whole["seen"]
    if mark:
        return {}, []
    # The key was thrown away. Whoever wrote this says it of himself.
    try:
        return {}, [str(one)[:200] for one in json.loads(said)["seen"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}, []


@cache
def _inside() -> str:
    return inside.source()


_CALL = """
_reply = prelude({setup!r})
shell().display_pub.publish({{"{kind}": {{"nonce": "{nonce}", "reply": _reply}}}})
getattr(getattr(shell(), "history_manager", None), "outputs", {{}}).clear()
del _reply
"""

_NAMES = {
    "_getframe": "frames of its callers", "currentframe": "frames of its callers",
    "f_back": "frames of its callers", "f_locals": "frames of its callers",
    "tb_frame": "frames of its callers", "gi_frame": "a generator's frame",
    "get_objects": "all objects of the process", "get_referrers": "all objects of the process",
    "get_referents": "all objects of the process", "ctypes": "the interpreter's memory",
    "_exit": "the end of the process", "abort": "the end of the process", "settrace": "a tracer",
    "setprofile": "a tracer", "ast_transformers": "the kernel's shell", "run_cell": "the kernel's shell",
    "input_transformers_post": "the kernel's shell", "input_transformers_cleanup": "the kernel's shell",
    "display_pub": "the kernel's shell", "user_ns": "the kernel's shell",
    "modules": "all modules of the process", "import_module": "modules by their names",
    "__import__": "modules by their names", "__globals__": "the names of other modules",
    "__builtins__": "Python's own functions", "__subclasses__": "all classes of the process",
    "walk_stack": "frames of its callers", "_current_frames": "frames of its callers",
}  # fmt: skip


_OF_TESTS = {"get_objects", "get_referrers", "get_referents"}
"""What a test that looks for a leak may well use."""


def look(source: str, where: str) -> list[str]:
    """What a cell's text names that no exercise needs, one sentence each: no proof, but worth a look.

    where: the cell's name, for an answer the exercise's id.
    """
    from lessons.exercises import exercises

    if len(source) > LONG:
        return [f"{where} has {len(source):,} characters; at most {LONG:,} are looked through."]
    known = exercises().get(where)
    names = _NAMES.keys() - (_OF_TESTS if known is not None and known.kind == "test" else set())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        for name in _named(node):
            if name in names:
                found.setdefault(name, f"{where} {LOOKED} {name} ({_NAMES[name]}).")
            elif name.startswith(("lessons.exercises", "lessons.judge")):
                found.setdefault(name, f"{where} {LOOKED} {name} (the checks themselves).")
            elif "/proc/" in name or "vnd.lifecycle" in name:
                found.setdefault(name, f"{where} {LOOKED} {name[:60]!r}.")
    return list(found.values())


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names),
                *(alias.name for alias in node.names)]  # fmt: skip
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return []
