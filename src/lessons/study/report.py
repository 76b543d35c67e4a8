"""Your own progress: predictions, exercises, beliefs and gain; export the record, reset a lesson."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lessons import browser
from lessons.exercises.exercise import exercises
from lessons.study import predictions
from lessons.study.arranged import solved
from lessons.study.cards import Card, card, failed, inline, sentence, word, wrapped
from lessons.study.journal import Checked, Line, Standing, checks, lesson_of, merged, now, since_reset
from lessons.study.links import linked, unlinked
from lessons.study.paired import gain
from lessons.study.pairs import Answers, answers
from lessons.study.questions import LESSONS, RIGHT, Misconception, Question, misconceptions, questions
from lessons.study.retrieval import memories
from lessons.words import described, listed

_PLAIN = "margin:0.2em 0"
_BAR = "display:flex;flex-wrap:wrap;align-items:center;gap:0 0.8em"
_CELL = "text-align:left;vertical-align:top;padding:0.2em 1em 0.2em 0"

STRIPES = "repeating-linear-gradient(45deg,#0072B2,#0072B2 6px,#56B4E9 6px,#56B4E9 9px)"
PREDICTIONS = {"right": "#0072B2", "not right": STRIPES, "not run yet": "#8a94a0", "not predicted": ""}
"""The states of a prediction, and the look of their parts of the bar; open questions have none."""
EXERCISES = {"correct": "#0072B2", "almost": STRIPES, "wrong": STRIPES, "missing": "", "not checked yet": ""}
"""The verdicts of the last check of an exercise."""
_LOOKS = {**PREDICTIONS, **EXERCISES}
_SIGNS = {"": ".", STRIPES: "/", "#8a94a0": "-", "#0072B2": "#"}
_WIDTH = 20

MOST = 7
"""How many beliefs are shown at once."""


@dataclass(frozen=True)
class _Row:
    """One lesson: its notebook, and the parts and numbers of its bars."""

    notebook: str
    bars: dict[str, dict[str, int]]


def _numbers(parts: dict[str, int]) -> str:
    """The parts of a bar in words.

    >>> _numbers({"right": 4, "not right": 5, "not run yet": 0, "not predicted": 1})
    '4 of 10 right, 5 not right, 1 not predicted'
    """
    (first, count), *rest = parts.items()
    others = [f"{number} {name}" for name, number in rest if number]
    return ", ".join([f"{count} of {sum(parts.values())} {first}", *others])


def _drawn(parts: dict[str, int]) -> tuple[str, str]:
    """The bar itself, as text and as HTML. Its numbers are beside it: a screen reader reads only those."""
    whole = sum(parts.values()) or 1
    signs, cells, done = "", "", 0
    for name, count in parts.items():
        done += count
        signs += _SIGNS[_LOOKS[name]] * (round(_WIDTH * done / whole) - len(signs))
        if count and _LOOKS[name]:
            cells += f'<span style="width:{100 * count / whole:.1f}%;background:{_LOOKS[name]}"></span>'
    frame = "display:flex;flex:none;width:10em;height:0.9em;border:1px solid var(--jp-border-color0,#8b8b8b)"
    return f"[{signs}]", f'<div aria-hidden="true" style="{frame}">{cells}</div>'


class _Page:
    """Lines, bars and lists, as text and as HTML side by side. `[[id]]` is a link in the HTML."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.body: list[str] = []

    def say(self, line: str) -> None:
        self.text.append(wrapped(unlinked(line)))
        self.body.append(f'<p style="{_PLAIN}">{linked(inline(line))}</p>')

    def points(self, lines: Iterable[str]) -> None:
        items = list(lines)
        self.text += [wrapped(unlinked(line), "     ", "   - ") for line in items]
        if items:
            self.body += ["<ul>", *(f"<li>{linked(inline(line))}</li>" for line in items), "</ul>"]

    def add(self, shown: Card) -> None:
        self.text.append(shown.text)
        self.body.append(shown.html)

    def bars(self, rows: Iterable[_Row], here: str = "") -> None:
        self.body.append(
            '<table aria-label="Progress by lesson" style="border-collapse:collapse;margin:0.4em 0">'
        )
        for row in rows:
            self.text.append(row.notebook + ("  <- you are here" if row.notebook == here else ""))
            told = ""
            for name, parts in row.bars.items():
                said = _numbers(parts)
                signs, bar = _drawn(parts)
                self.text.append(f"   {name:11}  {signs}  {said}")
                told += f'<div style="{_BAR}">{bar}<span>{name}: {said}</span></div>'
            name = linked(f"[[{row.notebook}]]")
            if row.notebook == here:
                name = f"<strong>{row.notebook} &#9668; you are here</strong>"
            self.body.append(
                f'<tr><th scope="row" style="{_CELL}">{name}</th><td style="{_CELL}">{told}</td></tr>'
            )
        self.body.append("</table>")


def progress(lesson: object = None) -> Card:
    """Show a bar for the predictions and the exercises of each lesson, what to read again, and the gain.

    lesson: a lesson's short name, such as "leaks"; all lessons without it. Never raises.
    """
    try:
        name = _name(lesson)
        if isinstance(name, Card):
            return name
        return _report(name)
    except Exception as error:
        return failed("progress could not be shown", error, "Your record is not touched.")


def way(lesson: object = None) -> Card:
    """Show where you are in the course, with a bar for the predictions and the exercises of each lesson.

    lesson: the short name of this lesson, such as "leaks". Never raises.
    """
    try:
        name = _name(lesson)
        if isinstance(name, Card):
            return name
        events = predictions.journal.read()[0]
        page = _Page()
        rows = [_bars(one, merged(events), checks(events)) for one in _asked_in()]
        page.bars(rows, here=LESSONS.get(name or "", ""))
        return card("Where you are", page.text, page.body)
    except Exception as error:
        return failed("way could not be shown", error, "Go on with the next cell.")


def export(path: object = None) -> Card:
    """Write the whole record to a new file, one JSON event on each line. Never raises, never overwrites.

    path: the new file, such as "my_progress.jsonl".
    """
    try:
        text = os.fspath(path) if isinstance(path, os.PathLike) else word(path)
        if not isinstance(text, str) or not text.strip():
            given = "" if path is None else f" It was given {described(path)}."
            return sentence(f'export needs the name of a new file: export("my_progress.jsonl").{given}')
        return _exported(Path(text).expanduser(), text)
    except Exception as error:
        return failed("export could not do that", error, "Your record is not touched.")


def reset(lesson: object = None) -> Card:
    """Start a lesson again: its predictions and exercises no longer count. Nothing is deleted. Never raises.

    lesson: a lesson's short name, such as "leaks".
    """
    try:
        name = _name(lesson)
        if isinstance(name, Card):
            return name
        if name is None:
            return sentence(f'reset needs a lesson, such as reset("leaks"). The lessons are: {_lessons()}.')
        return _started_again(name)
    except Exception as error:
        return failed("reset could not do that", error, "Your record is not touched.")


def _name(lesson: object) -> str | Card | None:
    if lesson is None:
        return None
    name = word(lesson)
    if name is not None:
        name = {notebook: short for short, notebook in LESSONS.items()}.get(name.strip(), name.strip())
        if name in _asked_in():
            return name
    return sentence(f"There is no lesson {described(lesson)}. The lessons are: {_lessons()}.")


def _asked_in() -> list[str]:
    return list(dict.fromkeys(question.lesson for question in questions().values()))


def _lessons() -> str:
    return ", ".join(_asked_in())


def _report(name: str | None) -> Card:
    events, problems = predictions.journal.read()
    standings, checked = merged(events), checks(events)
    chosen = _asked_in() if name is None else [name]
    page = _Page()
    page.bars([_bars(one, standings, checked) for one in chosen])
    if name is None:
        _pairs(page, answers(events))
    met = _met(standings, checked)
    _recalled(met, events)
    _beliefs(page, met, chosen, _Asked(events))
    unfinished = [_unfinished(id, one) for id, one in sorted(checked.items())
                  if one.outcome != "correct" and lesson_of(id) in chosen]  # fmt: skip
    if unfinished:
        page.say("**Exercises to go on with**")
        page.points(unfinished)
    ordered = [id for id in solved(events) if lesson_of(id) in chosen]
    if ordered:
        page.say(f"Programs that you put in order: {listed(sorted(ordered))}.")
    asked = [question for one in chosen for question in _of(one)]
    unanswered = (one for one in asked if standings.get(one.id, Standing()).latest is None)
    following = next(unanswered, None)
    if following is not None:
        page.say(f"**Next**: [[{LESSONS[following.lesson]}]], question [[{following.id}]].")
    page.say(f"Your record is stored in {_place()}, and nowhere else.")
    if events:
        example = name or "leaks"
        page.say("To copy it or to start a lesson again: `from lessons import export, reset`, then "
                 f'`export("my_progress.jsonl")` or `reset("{example}")`.')  # fmt: skip
    for problem in problems[:5]:
        page.say(f"Set aside: {problem}")
    if len(problems) > 5:
        page.say(f"Set aside: {len(problems) - 5} more lines.")
    if predictions.journal.trouble:
        page.say(predictions.journal.trouble)
    return card("Progress", page.text, page.body)


def _of(lesson: str) -> list[Question]:
    return [question for question in questions().values() if question.lesson == lesson]


def _bars(name: str, standings: dict[str, Standing], checked: dict[str, Checked]) -> _Row:
    """One lesson: the predictions of its questions, and the verdicts on its exercises."""
    came: Counter[str] = Counter()
    for question in _of(name):
        standing = standings.get(question.id, Standing())
        if standing.first is None:
            came["not predicted"] += 1
        elif not standing.revealed:
            came["not run yet"] += 1
        else:
            came["right" if standing.first == question.right.key else "not right"] += 1
    here = [id for id, one in exercises().items() if one.assignment == name]
    said = Counter(checked[id].outcome if id in checked else "not checked yet" for id in here)
    return _Row(LESSONS[name], {
        "predictions": {one: came[one] for one in PREDICTIONS},
        **({"exercises": {one: said[one] for one in EXERCISES}} if here else {}),
    })  # fmt: skip


def _pairs(page: _Page, there: Answers) -> None:
    """The gain; before `after` was answered, it says nothing about what was right."""
    if there.after:
        shown = gain(there)
        page.add(shown)
    elif there.before:
        end = f"[[{LESSONS['composition']}]]"
        page.say(
            "You answered the nine questions before the course. "
            f"At the end of {end} you will see what is right."
        )


@dataclass
class _Met:
    """A belief that the student had: questions and exercises that showed it, and where it was overcome."""

    places: list[str]
    since: str = ""
    guess: bool = True
    """Whether each of them was called a guess."""


def _met(standings: dict[str, Standing], checked: dict[str, Checked]) -> dict[str, _Met]:
    """Each belief behind a wrong prediction whose answer was seen, or behind a wrong exercise.

    If a later question offers the same belief and was predicted right, the belief counts as overcome.
    """
    met: dict[str, _Met] = {}
    for question in questions().values():
        standing = standings.get(question.id, Standing())
        option = question.keyed(standing.first or standing.latest or "")
        if option is None or not standing.revealed:
            continue
        if option.misconception is not None:
            found = met.setdefault(option.misconception, _Met([]))
            found.places.append(question.id)
            found.since, found.guess = "", found.guess and standing.guess
        elif standing.first is not None:
            for other in question.options:
                if other.misconception in met:
                    met[other.misconception].since = f"in [[{question.id}]]"
    for id, one in sorted(checked.items()):
        if one.outcome != "correct" and one.misconception:
            found = met.setdefault(one.misconception, _Met([]))
            found.places.append(id)
            found.since, found.guess = "", False
    return {id: one for id, one in met.items() if id in misconceptions()}


def _recalled(met: dict[str, _Met], events: list[Line]) -> None:
    """Add the results of `again`: the last answer about a belief shows what is believed now."""
    for event in since_reset(events):
        found = met.get(event.misconception)
        if event.event == "recall" and found is not None:
            found.since = "in `again()`" if event.option == RIGHT else ""


class _Asked:
    """When `again` asks about these beliefs."""

    def __init__(self, events: list[Line]) -> None:
        self._now = now().astimezone()
        self._memories = memories(events, self._now.tzinfo)

    def when(self, places: list[str]) -> str:
        days = [one.due for place in places if (one := self._memories.get(place)) and one.due]
        if not days:
            return ""
        day = min(days)
        later = f"on {day.day} {day:%B %Y}" if day > self._now.date() else "today"
        return f" `again()` can ask about it {later}."


def _beliefs(page: _Page, met: dict[str, _Met], chosen: list[str], asked: _Asked) -> None:
    """The beliefs to look at again, core ones first, and those that a later right prediction has replaced."""
    here = [(misconceptions()[id], one) for id, one in met.items()
            if {lesson_of(place) for place in one.places} & set(chosen)]  # fmt: skip
    here.sort(key=lambda pair: (not pair[0].core, -len(pair[1].places)))
    again = [f"{_believed(entry, one)} {entry.truth} Read [[{entry.lesson}]] again.{asked.when(one.places)}"
             for entry, one in here if not one.since]  # fmt: skip
    learnt = [f"{_believed(entry, one)} Since then you were right {one.since}."
              for entry, one in here if one.since]  # fmt: skip
    for title, lines in (("To look at again", again), ("What you believed, and now predict right", learnt)):
        if lines:
            page.say(f"**{title}**")
            page.points(lines[:MOST])
        if len(lines) > MOST:
            page.say(f'There are {len(lines) - MOST} more. To see those of one lesson: `progress("leaks")`.')


def _believed(entry: Misconception, one: _Met) -> str:
    verb = "guessed" if one.guess else "believed"
    return f"In {listed([f'[[{place}]]' for place in one.places])} you {verb}: “{entry.belief}”"


def _unfinished(id: str, one: Checked) -> str:
    edition = f" (check {one.edition})" if one.edition else ""
    before = " It was correct before." if one.passed else ""
    return f"[[{id}]]: {one.outcome}{edition}.{before}"


def _exported(path: Path, text: str) -> Card:
    try:
        written, aside = predictions.journal.export(path)
    except FileExistsError:
        return sentence(f"There is a file `{text}` already. export overwrites nothing: choose another name.")
    except OSError as error:
        reason = error.strerror or error
        return sentence(f"`{text}` cannot be written ({reason}): choose a folder that exists and is yours.")
    left = " It leaves out what could not be read: progress() names it." if aside else ""
    return sentence(f"{written} events are in `{text}`, one a line, as JSON.{left}")


def _started_again(name: str) -> Card:
    before: list[Line] = predictions.journal.read()[0]
    counted = [id for id, one in merged(before).items() if lesson_of(id) == name and one.latest is not None]
    counted += [id for id in checks(before) if lesson_of(id) == name]
    predictions.journal.add("reset", name)
    predictions.forget(name)
    gone = f"{len(counted)} of your answers and exercises no longer count"
    kept = "Nothing was deleted: your record keeps them."
    return predictions.with_trouble(sentence(f"{LESSONS[name]} starts again: {gone}. {kept}"))


def _place() -> str:
    if browser.here():
        return "this browser"
    if os.environ.get("LIFECYCLE_HOME"):
        return "`progress` in the folder that LIFECYCLE_HOME names"
    folder = str(predictions.journal.folder)
    home = os.path.expanduser("~")
    return f"`{'~' + folder[len(home) :] if home != '~' and folder.startswith(home + os.sep) else folder}`"
