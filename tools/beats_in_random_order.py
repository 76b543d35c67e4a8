"""Run a lesson to its end, then its sections again in a random order, and compare with what is stored.

    python tools/beats_in_random_order.py 01              three orders
    python tools/beats_in_random_order.py 01 --orders 10
    python tools/beats_in_random_order.py 01 --seed 7     other orders
    python tools/beats_in_random_order.py 01 --answers    each answer cell alone, which is not tested

A section is everything below a heading: a warm-up, a beat, a worked example, the exit questions, and each
piece of "Alone: further". Run from its first cell, each one must show its stored outputs, whatever ran
before.
"""

import argparse
import copy
import difflib
import random
import re
import sys
from pathlib import Path

import execute_notebooks
import nbformat

LESSONS = Path(__file__).resolve().parent.parent / "notebooks"
FURTHER = "Alone: further"
IGNORED = "nbval-ignore-output"


def sections(notebook, *, further=True, answers=False):
    """The code cells of each section with code, by heading; with `further`, also each piece for self-study.

    answers: each answer cell is a section of its own, and there are no others.
    """
    if answers:
        return {cell.id: [cell] for cell in notebook.cells if "answer" in cell.metadata.get("tags", [])}
    found, title, inside = {}, "", False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
            for marks, name in re.findall(r"(?m)^(##|###) (.+)$", text):
                inside = name == FURTHER if marks == "##" else inside
                title = name if marks == "##" or inside else title
        elif title and (further or not inside):
            found.setdefault(title, []).append(cell)
    return found


def shuffled(notebook, seed, *, orders=1, **which):
    """The sections of a notebook in `orders` random orders, as pairs of heading and copied cells."""
    chance = random.Random(seed)
    there = list(sections(notebook, **which).items())
    drawn = [one for _ in range(orders) for one in chance.sample(there, len(there))]
    return [
        (title, [_named(copy.deepcopy(cell), f"{place}-{cell.id}") for cell in cells])
        for place, (title, cells) in enumerate(drawn)
    ]


def extended(notebook, seed, **how):
    """A notebook that continues after its end with its sections in a random order."""
    whole = copy.deepcopy(notebook)
    whole.cells += [cell for _, cells in shuffled(notebook, seed, **how) for cell in cells]
    return whole


def differences(path, seed, **how):
    """How the sections' outputs in another order differ from the stored ones: one text for each cell."""
    stored = nbformat.read(path, as_version=4)
    order = shuffled(stored, seed, **how)
    whole = extended(stored, seed, **how)
    ran = execute_notebooks.run(copy.deepcopy(whole), path.parent, allow_errors=True)
    fresh = {cell.id: cell for cell in ran.cells}
    said = []
    for place, (title, cells) in enumerate(order):
        before = order[place - 1][0] if place else "the end of the lesson"
        for cell in cells:
            if IGNORED not in cell.metadata.get("tags", []) and not same(cell, fresh[cell.id]):
                id = cell.id.partition("-")[2]
                where = f"{path.stem} [{id}] in “{title}”, run after “{before}”"
                said.append(f"{where}:\n{_changed(cell, fresh[cell.id])}")
    return said


def same(stored, fresh):
    """Whether two runs of a cell show the same."""
    return _outputs(stored) == _outputs(fresh)


def _outputs(cell):
    return [{key: value for key, value in one.items() if key != "execution_count"} for one in cell.outputs]


def _changed(stored, fresh):
    lines = [execute_notebooks.text(one).splitlines() for one in (stored, fresh)]
    changed = list(difflib.unified_diff(*lines, "stored", "shown now", lineterm="", n=1))
    return "\n".join(f"    {line}" for line in changed or ["the text is the same, and its HTML differs"])


def _named(cell, id):
    cell.id = id[:64]
    return cell


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lesson", help="such as 01")
    parser.add_argument("--orders", type=int, default=3, help="how many random orders; default: 3")
    parser.add_argument("--seed", default="0", help="what the orders are drawn from; default: 0")
    parser.add_argument("--answers", action="store_true", help="each answer cell alone, not each section")
    options = parser.parse_args(arguments)
    paths = sorted(LESSONS.glob(f"{options.lesson}*.ipynb"))
    if not paths:
        parser.error(f"there is no lesson {options.lesson!r} in {LESSONS}")
    how = {"orders": options.orders, "answers": options.answers}
    said = [one for path in paths for one in differences(path, options.seed, **how)]
    print("\n\n".join(said) or f"{options.orders} random orders: everything shows what is stored")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
