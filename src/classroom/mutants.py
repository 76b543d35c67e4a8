"""Mutants: right answers changed by one step. A check should reject each one that breaks its task.

An operator finds the places for one kind of step in a tree. Each step is made in a fresh tree. Steps that
rarely change anything that a task requires, such as a longer `try`, are left out.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from functools import partial
from typing import Any

Edit = Callable[[], Any]
Sites = Iterator[tuple[ast.AST, Edit]]
Operator = Callable[[ast.Module], Sites]

CLEANING = {
    "close", "commit", "rollback", "unlink", "remove", "discard", "clear", "append", "push", "callback",
    "release", "enter_context", "pop", "__enter__", "__exit__",
}  # fmt: skip
"""Calls that open, record or clean up something."""

OTHER_WAY = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
"""The change of each comparison: a limit moves by one, or a test is reversed."""

NARROWER = {"BaseException": ("Exception", "ValueError"), "Exception": ("ValueError", "OSError")}
"""What a handler catches instead."""

WIDER = ("Exception", "BaseException")

SIMPLE = (
    ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Delete, ast.For, ast.While, ast.Break,
    ast.Continue, ast.Assert,
)  # fmt: skip
"""Statements that can be left out without another operator's help."""

OPERATORS: dict[str, Operator] = {}
"""Each operator by its name, in the order in which they are applied."""


@dataclass(frozen=True)
class Mutant:
    """One changed answer: the operator, the name and the line of the original, and the whole new source.

    `key` is a short hash of what the source means: comments, layout and docstrings do not count.
    """

    operator: str
    original: str
    line: int
    source: str
    key: str
    change: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator} {self.original}:{self.line} {self.key}"


def mutants(
    source: str, original: str, without: Collection[str] = (), within: Collection[str] = ()
) -> list[Mutant]:
    """All mutants of a source that compile and differ from it and from each other.

    without: operators that are left out. within: if given, the top-level names in which steps are made.
    Raises `SyntaxError` when the source itself does not compile.
    """
    plain = ast.unparse(ast.parse(source))
    seen, made = {key(source)}, []
    for name, operator in OPERATORS.items():
        for line, text in _applied(operator, source, within) if name not in without else ():
            hashed = _key_within(source, text, within) if within else key(text)
            if hashed not in seen and _compiles(text):
                seen.add(hashed)
                made.append(Mutant(name, original, line, text, hashed, difference(plain, text)))
    return made


def key(source: str) -> str:
    """A short hash of a source, the same on every Python: of its tree without places and docstrings.

    >>> key("x = 1  # one") == key("x  =  1"), key("x = 1") == key("x = 2")
    (True, False)
    """
    return _hashed(_shape(ast.parse(source)))


def _key_within(before: str, after: str, within: Collection[str]) -> str:
    """A key of the definitions that a step has changed: what else is in their module does not count."""
    old, new = ([_shape(one) for one in _narrowed(text, within)[1].body] for text in (before, after))
    return _hashed([two for one, two in zip(old, new, strict=True) if one != two])


def _hashed(shape: Any) -> str:
    return hashlib.sha256(repr(shape).encode()).hexdigest()[:8]


def difference(before: str, after: str) -> tuple[str, ...]:
    """The lines that a step removed, with "-", and the lines that it added, with "+", without indentation."""
    lines = [*unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)][2:]
    return tuple(f"{line[0]} {line[1:].strip()}" for line in lines if line[0] in "+-" and line[1:].strip())


def _shape(node: Any) -> Any:
    if isinstance(node, list):
        return [_shape(one) for one in node if not _is_text(one)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, _shape(value)) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return (type(node).__name__, *fields)


def _is_text(statement: Any) -> bool:
    """Whether it is a docstring, or another text by itself."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _applied(operator: Operator, source: str, within: Collection[str]) -> Iterator[tuple[int, str]]:
    """The line and the source of each mutant that one operator makes, each from a fresh tree."""
    for number in range(len(list(operator(_narrowed(source, within)[1])))):
        tree, part = _narrowed(source, within)
        node, edit = list(operator(part))[number]
        edit()
        yield getattr(node, "lineno", 0), ast.unparse(ast.fix_missing_locations(tree))


def _narrowed(source: str, within: Collection[str]) -> tuple[ast.Module, ast.Module]:
    """A source as a tree, and the part of the tree in which steps are made."""
    tree = ast.parse(source)
    if not within:
        return tree, tree
    body = [one for one in tree.body if getattr(one, "name", "") in within]
    return tree, ast.Module(body, [])


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def operator(function: Operator) -> Operator:
    """Register an operator under its function's name, with hyphens."""
    OPERATORS[function.__name__.replace("_", "-")] = function
    return function


def _blocks(tree: ast.AST) -> Iterator[tuple[ast.AST, list[ast.stmt]]]:
    """Each list of statements, with the node that it belongs to."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield node, block


def _nodes(tree: ast.AST, kind: type[ast.AST]) -> Iterator[Any]:
    return (node for node in ast.walk(tree) if isinstance(node, kind))


def _statements(tree: ast.AST, *kinds: type[ast.stmt]) -> Iterator[tuple[list[ast.stmt], int, Any]]:
    """Each statement of these kinds, with its block and its place there."""
    for _, block in _blocks(tree):
        for place, statement in enumerate(block):
            if isinstance(statement, kinds):
                yield block, place, statement


def _instead(block: list[ast.stmt], place: int, new: list[ast.stmt]) -> Edit:
    """Put other statements in the place of one; `pass`, if the block would be empty."""

    def edit() -> None:
        block[place : place + 1] = new
        if not block:
            block.append(ast.Pass())

    return edit


def _without(node: ast.Try, *, handlers: bool = True) -> list[ast.stmt]:
    """The statements of a `try` without its `finally`, or without its handlers."""
    if handlers:
        kept = ast.Try(node.body, node.handlers, node.orelse, [])
        return [kept] if node.handlers else node.body
    body = [*node.body, *node.orelse]
    return [ast.Try(body, [], [], node.finalbody)] if node.finalbody else body


def _called(statement: ast.stmt) -> str:
    """The name of what a statement calls, as "close"; "" if it is not a call."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return ""
    function = statement.value.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


@operator
def shared_state(tree: ast.Module) -> Sites:
    """A value stored on `self` goes to the class instead, so all objects share it."""
    for node in _nodes(tree, ast.Attribute):
        if isinstance(node.ctx, ast.Store) and getattr(node.value, "id", "") == "self":
            yield node, partial(setattr, node, "value", _expression("type(self)"))


@operator
def class_default(tree: ast.Module) -> Sites:
    """`self.rows = []` moves from a method to the body of the class: one list for all objects."""
    for owner in _nodes(tree, ast.ClassDef):
        for block, place, node in _statements(owner, ast.Assign):
            match node:
                case ast.Assign(
                    targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)],
                    value=ast.Constant() | ast.List() | ast.Dict() | ast.Set() as value,
                ):
                    default = ast.Assign([ast.Name(name, ast.Store())], value)
                    yield node, partial(_to_class, owner, default, _instead(block, place, []))


def _to_class(owner: ast.ClassDef, default: ast.Assign, drop: Edit) -> None:
    drop()
    owner.body.insert(int(_is_text(owner.body[0])), default)


@operator
def return_in_finally(tree: ast.Module) -> Sites:
    """A `finally` that returns, and so swallows what was raised."""
    for _, _, node in _statements(tree, ast.Try):
        if node.finalbody:
            yield node, partial(node.finalbody.append, ast.Return(None))


@operator
def finally_dropped(tree: ast.Module) -> Sites:
    """A `try` without its `finally`."""
    for block, place, node in _statements(tree, ast.Try):
        if node.finalbody:
            yield node, _instead(block, place, _without(node))


@operator
def finally_flattened(tree: ast.Module) -> Sites:
    """The statements of `finally` are put after the `try` instead: an error skips them."""
    for block, place, node in _statements(tree, ast.Try):
        if node.finalbody:
            yield node, _instead(block, place, [*_without(node), *node.finalbody])


@operator
def handlers_dropped(tree: ast.Module) -> Sites:
    """A `try` without its `except` clauses."""
    for block, place, node in _statements(tree, ast.Try):
        if node.handlers:
            yield node, _instead(block, place, _without(node, handlers=False))


@operator
def except_narrower(tree: ast.Module) -> Sites:
    """A handler that catches less."""
    for node in _nodes(tree, ast.ExceptHandler):
        now = getattr(node.type, "id", "") if node.type else "BaseException"
        for name in NARROWER.get(now, ()):
            yield node, partial(setattr, node, "type", _expression(name))
        if isinstance(node.type, ast.Tuple):
            for place in range(len(node.type.elts)):
                yield node, partial(node.type.elts.pop, place)


@operator
def except_wider(tree: ast.Module) -> Sites:
    """A handler that catches more, Ctrl-C for example."""
    for node in _nodes(tree, ast.ExceptHandler):
        now = getattr(node.type, "id", "") if node.type else WIDER[-1]
        for name in WIDER[WIDER.index(now) + 1 :] if now in WIDER else WIDER:
            yield node, partial(setattr, node, "type", _expression(name))


@operator
def raise_dropped(tree: ast.Module) -> Sites:
    """An error is not raised."""
    for block, place, node in _statements(tree, ast.Raise):
        yield node, _instead(block, place, [ast.Pass()])


@operator
def raise_to_return(tree: ast.Module) -> Sites:
    """`return None` in the place of `raise`."""
    for block, place, node in _statements(tree, ast.Raise):
        yield node, _instead(block, place, [ast.Return(_expression("None"))])


@operator
def raise_other(tree: ast.Module) -> Sites:
    """Another error, or the same without its cause or its text."""
    for node in _nodes(tree, ast.Raise):
        if node.cause is not None:
            yield node, partial(setattr, node, "cause", None)
        if node.exc is None:
            yield node, partial(setattr, node, "exc", _expression("RuntimeError('failed')"))
        if isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            other = "TypeError" if node.exc.func.id == "ValueError" else "ValueError"
            yield node, partial(setattr, node.exc, "func", _expression(other))
            yield node, partial(setattr, node.exc, "args", [])


@operator
def method_dropped(tree: ast.Module) -> Sites:
    """A class without one of its methods."""
    for owner, block in _blocks(tree):
        for place, node in enumerate(block if isinstance(owner, ast.ClassDef) else ()):
            if isinstance(node, ast.FunctionDef):
                yield node, _instead(block, place, [])


@operator
def with_dropped(tree: ast.Module) -> Sites:
    """A block without one of its context managers: the resource gets a name, and is not closed."""
    for block, place, node in _statements(tree, ast.With):
        for number, item in enumerate(node.items):
            # Without a name it would be freed at once, and often closed by that.
            name = item.optional_vars or ast.Name("_opened", ast.Store())
            opened = ast.Assign([name], item.context_expr)
            before, after = node.items[:number], node.items[number + 1 :]
            inner: list[ast.stmt] = [opened, *([ast.With(after, node.body)] if after else node.body)]
            yield node, _instead(block, place, [ast.With(before, inner)] if before else inner)


@operator
def moved_out_of_try(tree: ast.Module) -> Sites:
    """The first line of a `try` comes before it, or the last one comes after it."""
    for block, place, node in _statements(tree, ast.Try):
        first, last = node.body[0], node.body[-1]
        if first is not last:
            rest = ast.Try(node.body[1:], node.handlers, node.orelse, node.finalbody)
            yield node, _instead(block, place, [first, rest])
            rest = ast.Try(node.body[:-1], node.handlers, node.orelse, node.finalbody)
            yield last, _instead(block, place, [rest, last])


@operator
def cleaning_dropped(tree: ast.Module) -> Sites:
    """A call such as `close()` is left out."""
    for block, place, node in _statements(tree, ast.Expr):
        if _called(node) in CLEANING:
            yield node, _instead(block, place, [])


@operator
def statement_dropped(tree: ast.Module) -> Sites:
    """Any other single statement is left out."""
    for block, place, node in _statements(tree, *SIMPLE):
        if not _is_text(node) and _called(node) not in CLEANING:
            yield node, _instead(block, place, [])


@operator
def if_turned(tree: ast.Module) -> Sites:
    """The body of an `if` is run always, or never."""
    for block, place, node in _statements(tree, ast.If):
        yield node, _instead(block, place, node.body)
        yield node, _instead(block, place, node.orelse)


@operator
def comparison(tree: ast.Module) -> Sites:
    """A comparison reversed, or its limit moved; or the truth of a value in place of `is None`."""
    for node in _nodes(tree, ast.Compare):
        for place, sign in enumerate(node.ops):
            yield node, partial(node.ops.__setitem__, place, OTHER_WAY[type(sign)]())
        if isinstance(node.ops[0], ast.Is | ast.IsNot) and ast.unparse(node.comparators) == "None":
            none = isinstance(node.ops[0], ast.Is)
            truth = _expression(f"bool({ast.unparse(node.left)}) is {not none}")
            fields = {name: getattr(truth, name) for name in ("left", "ops", "comparators")}
            yield node, partial(vars(node).update, fields)


@operator
def condition_shortened(tree: ast.Module) -> Sites:
    """One part of an `and` or `or` is left out, or the one becomes the other."""
    for node in _nodes(tree, ast.BoolOp):
        for place in range(len(node.values)):
            yield node, partial(node.values.pop, place)
        yield node, partial(setattr, node, "op", ast.And() if isinstance(node.op, ast.Or) else ast.Or())


@operator
def yield_from_list(tree: ast.Module) -> Sites:
    """`yield from` reads everything before it yields the first value."""
    for node in _nodes(tree, ast.YieldFrom):
        yield node, partial(setattr, node, "value", ast.Call(_expression("list"), [node.value], []))


@operator
def argument_dropped(tree: ast.Module) -> Sites:
    """A call without one of its named arguments, or without the last of several others."""
    for node in _nodes(tree, ast.Call):
        for place in range(len(node.keywords)):
            yield node, partial(node.keywords.pop, place)
        if len(node.args) > 1:
            yield node, node.args.pop


@operator
def constant(tree: ast.Module) -> Sites:
    """A number that is one more or one less, or False for True."""
    for node in _nodes(tree, ast.Constant):
        for value in _near(node.value):
            yield node, partial(setattr, node, "value", value)


def _near(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    return (value + 1,) if isinstance(value, float) else ()


@operator
def instance_to_self(tree: ast.Module) -> Sites:
    """A descriptor's method uses the descriptor instead of the object: all objects share the value."""
    for method in _nodes(tree, ast.FunctionDef):
        if [parameter.arg for parameter in method.args.args][:2] == ["self", "instance"]:
            for node in _nodes(method, ast.Name):
                if node.id == "instance":
                    yield node, partial(setattr, node, "id", "self")


@operator
def reference_kept(tree: ast.Module) -> Sites:
    """A method keeps a reference to the object that it is given."""
    for method in _nodes(tree, ast.FunctionDef):
        if [parameter.arg for parameter in method.args.args][:2] == ["self", "instance"]:
            keeping = ast.parse("vars(self).setdefault('reference', []).append(instance)").body[0]
            yield method, partial(method.body.insert, 0, keeping)
