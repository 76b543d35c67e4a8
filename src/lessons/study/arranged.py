"""Programs put in order from shuffled lines: the problems, the first line that cannot be right, the cards.

`rights` are all right programs of a problem; tests compare them with what programs do. The first line that
cannot be right is the first one with which no right program continues.
"""

from __future__ import annotations

import difflib
import html
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lessons.study import journal, predictions
from lessons.study.cards import Card, card, inline, sentence, word, wrapped
from lessons.study.questions import misconceptions
from lessons.versions import check
from lessons.words import agreeing, described, listed, many

VERSION = 1
"""The version of the format of arrange.toml."""

LETTERS = "ABCDEFGHIJKL"
EXAMPLE = "A B1 C2"
"""An example of a program as text; no right program begins like this."""

DEEPEST = 5
"""How many times a line can be indented."""

Program = tuple[tuple[str, int], ...]
"""The letters of the lines in order, each with the number of its indentations."""

_TOKEN = re.compile(r"([A-Z])([0-9]?)")
_PRE = (
    "margin:0.4em 0;font-family:var(--jp-code-font-family,monospace);font-size:0.93em;line-height:1.45;"
    "white-space:pre-wrap"
)


@dataclass(frozen=True)
class Line:
    """One line. `why` says where it belongs; one with a `misconception` does not belong to the program."""

    letter: str
    code: str
    why: str
    misconception: str = ""
    taken: str = ""
    stored: str = ""


@dataclass(frozen=True)
class Problem:
    """Lines to be put in order, and all right orders of them; `proof` shows what a right program does."""

    id: str
    task: str
    lines: tuple[Line, ...]
    rights: tuple[Program, ...]
    given: str
    proof: str
    shows: str
    did: str

    @property
    def size(self) -> int:
        """How many lines a right program has."""
        return len(self.rights[0])

    @property
    def letters(self) -> str:
        """The letters of the lines."""
        return "".join(line.letter for line in self.lines)

    def under(self, letter: str) -> Line:
        """The line with this letter; KeyError if there is none."""
        return {line.letter: line for line in self.lines}[letter]

    def source(self, program: Program) -> str:
        """The program as Python's source."""
        return "".join(f"{'    ' * depth}{self.under(letter).code}\n" for letter, depth in program)


@dataclass(frozen=True)
class Verdict:
    """The comment on a program; `wrong` is the place of the first line that cannot be right."""

    right: bool
    said: tuple[str, ...]
    wrong: int | None = None


@cache
def problems() -> dict[str, Problem]:
    """All problems, by id, lesson after lesson."""
    data = tomllib.loads(files(__package__).joinpath("arrange.toml").read_text(encoding="utf-8"))
    check("arrange.toml", data.get("version"), VERSION)
    found = {}
    for entry in data["problem"]:
        lines = tuple(Line(letter, **line) for letter, line in zip(LETTERS, entry.pop("line"), strict=False))
        rights = tuple(tuple(_tokens(text)) for text in entry.pop("right"))
        found[entry["id"]] = Problem(lines=lines, rights=rights, **entry)
    return found


def _tokens(text: str) -> Iterable[tuple[str, int]]:
    for token in text.split():
        letter, depth = token[0], token[1:]
        yield letter, int(depth or 0)


def judged(problem: Problem, program: Program) -> Verdict:
    """Say whether a program is right; if not, name the first line that cannot be right, and why."""
    plain = nested(problem, program)
    if plain in problem.rights:
        error = run(problem, program)
        ran = f"The program was run. {problem.did}"
        if error:
            ran = f"But when it was run here, {error}. Something that it uses is missing or was changed."
        return Verdict(True, (f"**All {problem.size} lines are right.** {ran}",))
    if not program:
        return Verdict(
            False, (f"There is no line in your program yet. A right one has {problem.size} lines.",)
        )
    reached = max(_shared(plain, right) for right in problem.rights)
    if reached == len(program):
        missing = problem.size - reached
        so_far = f"The {many(reached, 'line')} of your program {agreeing(reached, 'is', 'are')} right so far."
        if reached == 1:
            so_far = "The line of your program is right so far."
        return Verdict(
            False, (f"{so_far} {many(missing, 'line')} {agreeing(missing, 'is', 'are')} missing below.",)
        )
    return Verdict(False, tuple(_reasons(problem, program, reached)), reached)


def nested(problem: Problem, program: Program) -> Program:
    """The program with each block indented once more than the line that opens it.

    Python takes any deeper indentation. A line that Python cannot take is given the indentation -1.
    """
    return _nested(problem, program)[0]


def _nested(problem: Problem, program: Program) -> tuple[Program, list[int]]:
    """The same program, and the indentations of the blocks that are open at its end."""
    levels, found, opens = [0], [], False
    for letter, depth in program:
        if opens and depth > levels[-1]:
            levels.append(depth)
            found.append((letter, len(levels) - 1))
        elif not opens and depth in levels:
            del levels[levels.index(depth) + 1 :]
            found.append((letter, len(levels) - 1))
        else:
            found.append((letter, -1))
        opens = problem.under(letter).code.endswith(":")
    return tuple(found), levels


def _shared(program: Program, right: Program) -> int:
    """How many lines two programs have in common, from the first one on."""
    pairs = zip(program, right, strict=False)
    return next(
        (place for place, (mine, its) in enumerate(pairs) if mine != its), min(len(program), len(right))
    )


def _reasons(problem: Problem, program: Program, place: int) -> Iterable[str]:
    letter, depth = program[place]
    line = problem.under(letter)
    head = f"**Line {place + 1} is the first line that cannot be right**"
    yield f"{head}: {letter}, `{line.code}`{indented(depth)}."
    if line.misconception:
        belief = misconceptions()[line.misconception].belief
        yield f"It does not belong to this program. {line.why} A belief that leads to it: “{belief}”"
        return
    begun, levels = _nested(problem, program[:place])
    above = problem.under(program[place - 1][0]).code if place else ""
    if not above.endswith(":") and depth < levels[-1] and depth not in levels:
        yield f"It must be indented like a block above it: {listed(map(str, levels), 'or')} times."
        return
    going_on = [right for right in problem.rights if right[:place] == begun]
    if any(right[place][0] == letter for right in going_on):
        yield f"It can be line {place + 1}, but with another indentation. {line.why}"
    else:
        yield f"Another line has to come before it. {line.why}"
    if above.endswith(":") and depth <= program[place - 1][1]:
        yield "The line above it ends with a colon, so the next line must be indented more than that line."
    elif not above.endswith(":") and depth > (program[place - 1][1] if place else 0):
        yield "Only a line below a colon can be indented more than the line above it."


def indented(depth: int) -> str:
    """The part of a sentence about the indentation of a line.

    >>> indented(0), indented(1), indented(2), indented(3)
    ('', ', indented once', ', indented twice', ', indented 3 times')
    """
    return ["", ", indented once", ", indented twice"][depth] if depth < 3 else f", indented {depth} times"


def run(problem: Problem, program: Program) -> str:
    """Run a program with the given names. Returns "" if it does what it must, else what happened instead."""
    names: dict[str, object] = {}
    *lines, last = problem.proof.strip().splitlines()
    try:
        exec(problem.given, names)
        exec(problem.source(program), names)
        exec("\n".join(lines), names)
        shown = repr(eval(last, names))
    except Exception as error:
        return (
            f"it raised `{type(error).__name__}: {error}`"
            if str(error)
            else f"it raised `{type(error).__name__}`"
        )
    return "" if shown == problem.shows else f"it gave `{shown}`"


def problem(id: object) -> Problem | Card:
    """The problem with this id, or a sentence with the existing ids."""
    text, known = word(id), problems()
    if text is not None and text.strip().lower() in known:
        return known[text.strip().lower()]
    example = next(iter(known))
    if text is None:
        return sentence(
            f'arrange needs the id of a problem in quotes, such as arrange("{example}"); '
            f"it was given {described(id)}."
        )
    near = difflib.get_close_matches(text.strip().lower()[:40], known, 1, 0.6)
    hint = f'Did you mean arrange("{near[0]}")?' if near else f"The ids are: {', '.join(known)}."
    return sentence(f"There is no problem {described(text)}. {hint}")


def program(problem: Problem, given: object) -> Program | Card:
    """A program from the text that a student wrote, or a sentence that says what is wrong with it."""
    text = word(given)
    example = f'arrange("{problem.id}", "{EXAMPLE}")'
    if text is None:
        return sentence(f"A program is given as text, such as {example}; it was given {described(given)}.")
    found: list[tuple[str, int]] = []
    for token in text.upper().replace(",", " ").split():
        match = _TOKEN.fullmatch(token)
        if match is None or match[1] not in problem.letters or int(match[2] or 0) > DEEPEST:
            return sentence(
                f"{described(token)} is not a line of {problem.id}. Write a letter from {problem.letters[0]} "
                f"to {problem.letters[-1]}, and after it how many times the line is indented, "
                f"0 to {DEEPEST}: {example}."
            )
        found.append((match[1], int(match[2] or 0)))
    letters = [letter for letter, _ in found]
    twice = sorted({letter for letter in letters if letters.count(letter) > 1})
    if twice:
        given_twice = f"{listed(twice)} {agreeing(len(twice), 'is', 'are')} there more than once"
        return sentence(f"{given_twice}: each line can be used once.")
    return tuple(found)


def sent(problem: Problem, given: object) -> Program | None:
    """A program from the page, as pairs of letter and indentation; None if it is not one."""
    if not isinstance(given, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        return None
    found = tuple((letter, depth) for letter, depth in given)
    letters = [letter for letter, _ in found]
    known = all(isinstance(letter, str) and letter in list(problem.letters) for letter in letters)
    deep = all(type(depth) is int and 0 <= depth <= DEEPEST for _, depth in found)
    return found if known and deep and len(set(letters)) == len(letters) else None


def answered(problem: Problem, program: Program) -> Verdict:
    """Judge a program; add the first right one of a problem to the journal."""
    verdict = judged(problem, program)
    if verdict.right and problem.id not in solved(predictions.journal.read()[0]):
        predictions.journal.add("arrange", problem.id)
    return verdict


def solved(events: Iterable[journal.Line]) -> list[str]:
    """The problems that were solved, each once."""
    found = (event.id for event in journal.since_reset(events) if event.event == "arrange")
    return list(dict.fromkeys(found))


def task(problem: Problem) -> str:
    """The task, and how many of its lines a right program has."""
    return f"{problem.task} A right program has {problem.size} of these {len(problem.lines)} lines."


def asked(problem: Problem, program: Program = (), verdict: Verdict | None = None) -> Card:
    """A problem as text and as HTML: its lines, the program, and the comment on it, if there is one."""
    head = task(problem)
    lines = [f"{line.letter}  {line.code}" for line in problem.lines]
    text = [wrapped(f"{problem.id}: {head}"), *(f"   {line}" for line in lines)]
    body = [
        f'<p style="margin:0"><strong>Put in order.</strong> {inline(head)}</p>',
        f'<pre style="{_PRE}">{html.escape(chr(10).join(lines), quote=False)}</pre>',
    ]
    if program:
        rows = [
            f"{place:>2}  {letter}  {'    ' * depth}{problem.under(letter).code}"
            + ("   <- cannot be right" if verdict and verdict.wrong == place - 1 else "")
            for place, (letter, depth) in enumerate(program, 1)
        ]
        text += ["Your program:", *(f"  {row}" for row in rows)]
        body += [
            '<p style="margin:0">Your program:</p>',
            f'<pre style="{_PRE}">{html.escape(chr(10).join(rows), quote=False)}</pre>',
        ]
    said = list(verdict.said) if verdict else []
    if not verdict or not verdict.right:
        said.append(
            "Write the letters in the right order, each with how many times the line is indented: "
            f'`arrange("{problem.id}", "{EXAMPLE}")` is A, below it B, indented once, '
            "and C, indented twice."
        )
    text += [wrapped(part) for part in said]
    body += [f'<p role="status" style="margin:0.2em 0">{inline(part)}</p>' for part in said]
    return predictions.with_trouble(card(f"Lines of {problem.id}", text, body))
