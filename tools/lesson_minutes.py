"""Estimate how long each lesson takes, by its words, lines of code, predictions and tasks.

    python tools/lesson_minutes.py              print the table
    python tools/lesson_minutes.py --write      put it into notebooks/TEACHING.md

An estimate by counting is coarse: it is there to show where a lesson grows, not to set a clock by.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

LESSONS = Path(__file__).resolve().parent.parent / "notebooks"
TEACHING = LESSONS / "TEACHING.md"
BEGIN, END = "<!-- minutes: written by tools/lesson_minutes.py -->", "<!-- end of minutes -->"

WORDS = 200
"""Words that a student reads in a minute, of a text that has to be understood."""
LINES = 20
"""Lines of code that a student reads in a minute."""
PREDICTION, BREAK, GAP, ORDER, ALONE = 0.75, 3, 3, 4, 6
"""Minutes for a prediction, a "Break it", a missing line, lines to put in order, a class written alone."""
SELF_STUDY = ("Alone: further", "Glossary")
INSTEAD = ("The lab in words", "The labs in words")
"""What is read in the place of a lab, which has its own time."""


def table():
    """The rows for all lessons, as Markdown."""
    rows = [
        "| lesson | in class | slack | words | lines of code | predictions | tasks | alone | and further |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted(LESSONS.glob("[0-9]*.ipynb")):
        core, further = parts(path)
        given, taken = in_class(path)
        whole = {name: core[name] + further[name] for name in core}
        tasks = whole["breaks"] + whole["gaps"] + whole["orders"] + whole["alone"]
        rows.append(
            f"| `{path.stem}` | {given} | {given - taken} | {round(whole['words'], -2)} "
            f"| {round(whole['lines'], -1)} | {whole['predictions']} | {tasks} "
            f"| {minutes(core)} | {minutes(further)} |"
        )
    return "\n".join(rows)


def in_class(path):
    """The minutes that a lesson has in class, and those that its headings and its opening take."""
    source = _prose(path)
    (whole,) = re.findall(r"\*\*(\d+) minutes in class", source)
    opening = 1 if path.name.startswith("00") else 3
    return int(whole), opening + sum(map(int, re.findall(r"(?m)^#+ .*\((\d+) min\)$", source)))


def parts(path):
    """What there is to count: in the lesson itself, and in what is for self-study."""
    kinds = ("words", "lines", "predictions", "breaks", "gaps", "orders", "alone")
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
            count["lines"] += len([line for line in cell.source.splitlines() if line.strip()])
        else:
            count["words"] += len(words(cell.source).split())
            count["breaks"] += cell.source.count("**Break it.**")
            count["gaps"] += bool(re.search(r"(?m)^### With a gap$", cell.source))
            count["alone"] += bool(re.search(r"(?m)^### Alone$", cell.source))
    return found


def words(source):
    """A Markdown text as it is read: without code blocks, tags and the targets of links."""
    source = re.sub(r"```.*?```", "", source, flags=re.DOTALL)
    source = re.sub(r"<[^>]+>", "", source)
    return re.sub(r"\]\([^)]*\)", "]", source)


def minutes(count):
    """Minutes for what was counted, rounded to five."""
    spent = count["words"] / WORDS + count["lines"] / LINES + count["predictions"] * PREDICTION
    spent += count["breaks"] * BREAK + count["gaps"] * GAP + count["alone"] * ALONE
    spent += count["orders"] * ORDER
    return 5 * round(spent / 5)


def _prose(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def written(text):
    """The text of TEACHING.md with today's table in it."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into notebooks/TEACHING.md")
    if parser.parse_args(arguments).write:
        TEACHING.write_text(written(TEACHING.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
