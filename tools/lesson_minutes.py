"""Count how long each lesson takes: in class, from its slides; alone, from everything to read and do.

    python tools/lesson_minutes.py              print the table
    python tools/lesson_minutes.py 01           print one lesson, part by part, against its headings
    python tools/lesson_minutes.py --write      put the table into notebooks/TEACHING.md

A count is coarse: it shows where a lesson grows. A rehearsal shows how long it takes.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

from lessons.study import minutes as counting
from lessons.study.minutes import LAB, NOTHING, SELF_STUDY, on_slide, spent, words  # noqa: F401
from lessons.study.questions import LESSONS as SHORTS

LESSONS = Path(__file__).resolve().parent.parent / "notebooks"
TEACHING = LESSONS / "TEACHING.md"
BEGIN, END = "<!-- minutes: written by tools/lesson_minutes.py -->", "<!-- end of minutes -->"
SHORT = {stem: short for short, stem in SHORTS.items()}

WORDS = 200
"""Words that a student reads in a minute, of a text that has to be understood."""
LINES = 20
"""Lines of code that a student reads in a minute."""
PREDICTION, BREAK, GAP, ORDER, ALONE, AGAIN = 0.75, 3, 3, 4, 6, 2
"""Minutes for a prediction, a "Break it", a missing line, lines to put in order, a class, `again()`."""
INSTEAD = ("The lab in words", "The labs in words")
"""The headings of texts that replace a lab. They are not counted: the lab has its own time."""


def table():
    """The rows for all lessons, as Markdown."""
    rows = [
        "| lesson | in class | counted | words aloud | cells | votes | peer | tasks | alone | with further |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted(LESSONS.glob("[0-9]*.ipynb")):
        counts = [count for _, _, count in in_class(path)]
        core, further = parts(path)
        whole = {name: sum(count[name] for count in counts) for name in NOTHING}
        rows.append(
            f"| `{path.stem}` | {stated(path)} | {round(spent(whole))} | {round(whole['words'], -1)} "
            f"| {whole['cells']} | {whole['votes']} | {whole['peers']} | {round(whole['tasks'] / 60)} min "
            f"| {minutes(core)} | {minutes(core) + minutes(further)} |"
        )
    return "\n".join(rows)


# --- in class: what is on the slides


def stated(path):
    """The minutes in class that a lesson's opening gives."""
    return counting.stated(nbformat.read(path, as_version=4))


def in_class(path):
    """The parts of a lesson: title, minutes in the heading, and the counts of their slides."""
    return [part for part, _ in counting.in_class(SHORT[path.stem], nbformat.read(path, as_version=4))]


def listing(path):
    """One lesson, part by part: what its heading says, and what counting gives."""
    rows = [f"{'':<44}heading  counted  words  cells  votes  peer  tasks"]
    for title, given, count in in_class(path):
        rows.append(
            f"{title[:43]:<44}{given or '':>7}{spent(count):>9.1f}{count['words']:>7}{count['cells']:>7}"
            f"{count['votes']:>7}{count['peers']:>6}{count['tasks'] / 60:>7.1f}"
        )
    core, further = parts(path)
    counted = sum(spent(count) for _, _, count in in_class(path))
    rows.append(f"in class {counted:.1f} of {stated(path)}; alone {minutes(core)}, "
                f"with Alone: further {minutes(core) + minutes(further)}")  # fmt: skip
    return "\n".join(rows)


# --- alone: all that is read and done


def parts(path):
    """The counts of the lesson itself, and of its parts for self-study."""
    kinds = ("words", "lines", "predictions", "breaks", "gaps", "orders", "alone", "again")
    found = [dict.fromkeys(kinds, 0) for _ in range(2)]
    title = ""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            title = "".join(re.findall(r"(?m)^## (.+)$", cell.source)[:1]) or title
        if title.startswith(INSTEAD):
            continue
        count = found[title.startswith(SELF_STUDY)]
        if cell.cell_type == "code":
            count["predictions"] += "predict" in cell.metadata.get("tags", [])
            count["orders"] += "arrange" in cell.metadata.get("tags", [])
            count["again"] += cell.source == "again()"
            count["lines"] += len([line for line in cell.source.splitlines() if line.strip()])
        else:
            count["words"] += words(cell.source)
            count["breaks"] += cell.source.count("**Break it.**")
            count["gaps"] += bool(re.search(r"(?m)^### With a gap$", cell.source))
            count["alone"] += bool(re.search(r"(?m)^### Alone$", cell.source))
    return found


def minutes(count):
    """Minutes for what was counted, rounded to five."""
    spent = count["words"] / WORDS + count["lines"] / LINES + count["predictions"] * PREDICTION
    spent += count["breaks"] * BREAK + count["gaps"] * GAP + count["alone"] * ALONE
    spent += count["orders"] * ORDER + count["again"] * AGAIN
    return 5 * round(spent / 5)


def written(text):
    """The text of TEACHING.md with today's table in it."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lesson", nargs="?", help="such as 01: print it part by part")
    parser.add_argument("--write", action="store_true", help="put the table into notebooks/TEACHING.md")
    options = parser.parse_args(arguments)
    if options.lesson:
        for path in LESSONS.glob(f"{options.lesson}*.ipynb"):
            print(listing(path))
    elif options.write:
        TEACHING.write_text(written(TEACHING.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
