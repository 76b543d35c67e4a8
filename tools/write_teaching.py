"""Write what teachers read of the lessons: docs/teaching/, and the generated parts of TEACHING.md.

    python tools/write_teaching.py              write both
    python tools/write_teaching.py 01           print what docs/teaching holds of one lesson

The sources are the lessons, their questions, beliefs and notes, and the checks of the exercises. The table of
minutes in TEACHING.md has a tool of its own: tools/lesson_minutes.py.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

from lessons.exercises import exercises
from lessons.study.minutes import in_class, stated
from lessons.study.notes import notes
from lessons.study.questions import LESSONS, misconceptions, questions

COURSE = Path(__file__).resolve().parent.parent
NOTEBOOKS = COURSE / "notebooks"
TEACHING = NOTEBOOKS / "TEACHING.md"
PAGES = COURSE / "docs" / "teaching"
TASKS = COURSE / "src" / "lessons" / "exercises"

FIRST, EACH, PROJECT = 5, 10, 30
"""Minutes for the first exercise of a lesson if it is a repair, for each other one, and for the project."""
PROJECTS = {"composition-x5"}


def lesson(short):
    """The stored notebook of a lesson."""
    return nbformat.read(NOTEBOOKS / f"{LESSONS[short]}.ipynb", as_version=4)


def title(notebook):
    """The title of a lesson, such as "01 · Leaks"."""
    (found,) = re.findall(r"(?m)^# (.+?)(?::.*)?$", notebook.cells[0].source)
    return found


def goals(notebook):
    """What students can do after a lesson, as the lesson itself says it: a numbered list."""
    (cell,) = [cell for cell in notebook.cells if cell.id == "aims"]
    return re.findall(r"(?m)^\d+\. .+$", cell.source)


def asked(short, notebook):
    """The parts of a lesson in class: title, minutes in the heading (or 0), slides."""
    for (name, minutes, _), slides in in_class(short, notebook):
        yield name, minutes, [slide for slide, _ in slides]


def cell(text):
    """A text that can be in a cell of a table."""
    return text.replace("|", "\\|")


# --- the parts of TEACHING.md


def key(short):
    """The goals of a lesson, and its questions in class with the right answers."""
    notebook = lesson(short)
    rows = ["| question | right | what the wrong options believe |", "|---|---|---|"]
    for _, _, slides in asked(short, notebook):
        for question in (one.question for slide in slides for one in slide.asked):
            wrong = [f"{option.letter}: {misconceptions()[option.misconception].belief}"
                     for option in question.options if option.misconception]  # fmt: skip
            votes = ", two votes" if question.peer else ""
            right = f"**{question.right.letter}**: {question.right.text}"
            rows.append(f"| `{question.id}`{votes} | {cell(right)} | {cell('<br>'.join(wrong))} |")
    page = f"docs/teaching/{LESSONS[short]}.md"
    return "\n".join([
        "**After this lesson, students can**", "", *goals(notebook), "", *rows, "",
        f"[{page}](../{page}) says why each answer is right and what is right in each wrong one. It also has "
        "the notes on each slide.",
    ])  # fmt: skip


def minutes(id):
    """The minutes to plan for an exercise."""
    if id in PROJECTS:
        return PROJECT
    return FIRST if id.endswith("-x1") and exercises()[id].kind == "fix" else EACH


def task(id):
    """The part of the lesson that an exercise practises, as its task names it."""
    text = (TASKS / id.replace("-", "_") / "task.md").read_text(encoding="utf-8")
    (part,) = re.findall(r"(?m)^\(practises: (.+)\)$", text)
    return re.sub(r" \(\d+ min\)$", "", part)


def points(exercise):
    """The points of an exercise."""
    return sum(one.points for one in exercise.asked)


def exercise_table():
    """All exercises in one table."""
    rows = ["| exercise | kind | minutes | points | practises |", "|---|---|---|---|---|"]
    for id, one in exercises().items():
        rows.append(f"| `{id}` {one.title} | {one.kind} | {minutes(id)} | {points(one)} | {cell(task(id))} |")
    return "\n".join(rows)


def parts():
    """The generated parts of TEACHING.md, by the name in their markers."""
    keys = {f"key of {LESSONS[short][:2]}": key(short) for short in LESSONS}
    return {**keys, "exercises": exercise_table()}


def written(text):
    """The text of TEACHING.md with today's parts in it."""
    for name, part in parts().items():
        begin, end = f"<!-- {name}: written by tools/write_teaching.py -->", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n\n{part}\n\n{end}{rest.split(end)[1]}"
    return text


# --- docs/teaching: one page for each lesson


def page(short):
    """A lesson's questions, notes and exercises, part by part."""
    notebook = lesson(short)
    said = [
        f"# {title(notebook)}: answers and notes",
        "<!-- written by tools/write_teaching.py: change its sources, and run it again -->",
        f"For the teacher: this page holds every answer. The lesson takes {stated(notebook)} minutes in "
        "class. [TEACHING.md](../../notebooks/TEACHING.md) has its plan, and says how to take votes. The "
        "number of a slide is the one in its corner.",
    ]
    seen = set()
    numbers = {slide.id: number for number, slide in enumerate(notes(short, notebook), 1)}
    for name, planned, slides in asked(short, notebook):
        said.append(f"## {name}{f' ({planned} min)' if planned else ''}")
        for slide in slides:
            said += _slide(numbers[slide.id], slide, name)
            seen |= {one.question.id for one in slide.asked}
    alone = [one for one in questions().values() if one.lesson == short and one.id not in seen]
    if alone:
        said += ["## At home", "These questions are not on a slide. Students meet them when they work alone."]
        said += [text for question in alone for text in _question(question)]
    said += _exercises(short)
    return "\n\n".join(said) + "\n"


def _slide(number, slide, part):
    """The notes on a slide and its questions; nothing if it has none. number: as in the slide's corner."""
    note = slide.note
    heading = re.sub(r" \(\d+ min\)$", "", slide.heading)
    named = f": {heading}" if heading and heading != part else ""
    task = f"{note.minutes} min" if note.minutes else ""
    told = [note.show] if note.show else []
    told += [f"**It can go wrong.** {note.wrong}"] if note.wrong else []
    told += [f"**For two{f' ({task})' if task else ''}.** {note.pair}"] if note.pair else []
    told += [text for one in slide.asked for text in _question(one.question)]
    return [f"### Slide {number}{named}", *told] if told else []


def _question(question):
    """A question with its options, the right one first in bold, and the belief behind each wrong one."""
    rows = ["| | option | belief behind it | what is right in it |", "|---|---|---|---|"]
    for option in question.options:
        belief = misconceptions()[option.misconception].belief if option.misconception else ""
        row = (
            (option.letter, option.text, belief, option.grain)
            if belief
            else (f"**{option.letter}**", f"**{option.text}**", "the right answer", "")
        )
        rows.append(f"| {' | '.join(map(cell, row))} |")
    votes = ", with two votes" if question.peer else ""
    return [
        f"**`{question.id}`**{votes}. {question.prompt}",
        "\n".join(rows),
        f"Why {question.right.letter}: {question.right.reply}",
    ]


def _exercises(short):
    """The exercises of a lesson: what they ask, and the beliefs that their checks look for."""
    found = [(id, one) for id, one in exercises().items() if id.startswith(f"{short}-")]
    if not found:
        return []
    said = [
        "## Exercises",
        "The check names a belief only if what it saw shows this belief. Wrong answers of each kind, and "
        f"right answers to show afterwards, are in `exercises/solutions/{short}-x1/` and its neighbours.",
    ]
    for id, one in found:
        said += [
            f"### `{id}` · {one.title}",
            f"Kind: {one.kind}. Plan {minutes(id)} minutes. It practises *{task(id)}*.",
            "\n".join(f"- {asked.name} ({asked.points})" for asked in one.asked),
        ]
        beliefs = dict.fromkeys(rule.belief for asked in one.asked for rule in asked.rules if rule.belief)
        known = [misconceptions()[belief] for belief in beliefs]
        if known:
            said += ["Beliefs behind wrong answers:",
                     "\n".join(f"- *{one.belief}* In fact: {one.truth}" for one in known)]  # fmt: skip
    return said


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lesson", nargs="?", help="such as 01: print its page, and write nothing")
    options = parser.parse_args(arguments)
    if options.lesson:
        for short, stem in LESSONS.items():
            if stem.startswith(options.lesson):
                print(page(short), end="")
        return 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for short, stem in LESSONS.items():
        (PAGES / f"{stem}.md").write_text(page(short), encoding="utf-8", newline="\n")
    TEACHING.write_text(written(TEACHING.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
