"""Write notebooks/field_guide.ipynb from the registry of misconceptions, executed.

    python tools/write_field_guide.py
    python tools/write_field_guide.py --check        write nothing, fail if the stored one differs

The registry is the only source: to fix a belief, a truth or a proof, edit it there.
"""

import argparse
import re
import sys
import tomllib
from importlib.resources import files

import nbformat
from execute_notebooks import KERNEL, LESSONS, executed

from lessons.study.guide import entries

PATH = LESSONS / "field_guide.ipynb"
OPENING = """\
# Field guide: what people believe

The lessons ask about many beliefs. This notebook has {count} more, about generators, context managers,
descriptors, decorators and databases. Each one comes with two lines of code that show what is true. You need
not read it from front to back: look up what surprised you.

**Find one.** The headings are the beliefs. The table of contents shows all of them (the icon with the list,
at the left edge), and Ctrl-F finds their words. `search` also looks through the beliefs of the lessons."""
READING = """\
**Read one.** The heading is a belief, and it is wrong. Predict what the cell below it shows, run it, and read
on. `caught(call, …)` calls something and returns the result, or returns the error instead of raising it. The
cells do not depend on each other, and you can run each one again at any time."""
TRUTH = "**What is true.** {entry.truth}\n\nSource: {entry.source}."
NEEDS_OS = re.compile(r"\bsubprocess\.")
# Python writes such a SyntaxWarning below the cell since 3.14, and none before: no output fits all versions.
WARNS = re.compile(r"\bfinally:\s+return\b")


def composed():
    """The field guide from the present registry, not executed."""
    topics = {heading: told for heading, told in entries().items() if told}
    count = sum(map(len, topics.values()))
    cells = [
        _prose("guide-title", OPENING.format(count=count), "slide"),
        _code("guide-search", 'from lessons import search\nsearch("groupby")', "setup"),
        _prose("guide-reading", READING, "slide"),
    ]
    proofs = []
    for heading, told in topics.items():
        proofs.append(_prose(f"guide-{heading.split()[0].lower()}", f"## {heading}", "slide"))
        for entry in told:
            given = re.sub(r"\A\n|\n\Z", "", entry.given)
            source = "\n".join(filter(None, [given, entry.proof.strip()]))
            found = {"needs-os": NEEDS_OS, "nbval-ignore-output": WARNS}
            tags = [tag for tag, pattern in found.items() if pattern.search(source)]
            proofs += [
                _prose(entry.id, f"### “{entry.belief.rstrip('.')}”", "subslide"),
                _code(f"{entry.id}-proof", source, *tags),
                _prose(f"{entry.id}-truth", TRUTH.format(entry=entry), "fragment"),
            ]
    cells += [_code(f"guide-{name}", chunk, "setup") for name, chunk in _setup(proofs)] + proofs
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )


def _setup(proofs):
    """The imports and then the helpers that these proofs of the registry need."""
    registry = tomllib.loads(files("lessons.study").joinpath("misconceptions.toml").read_text("utf-8"))
    imports, *helpers = registry["prelude"].strip().split("\n\n\n")
    used = "\n".join(cell.source for cell in proofs if cell.cell_type == "code")
    kept = []
    for helper in helpers:
        name = re.match(r"def (\w+)", helper).group(1)
        if re.search(rf"\b{name}\(", used):
            kept.append((name.lower(), helper))
    text = "\n".join([used, *(helper for _, helper in kept)])
    lines = [line for line in imports.splitlines() if re.search(rf"\b{line.split()[1]}\.", text)]
    return [("imports", "\n".join(lines)), *kept]


def _prose(id, source, slide=""):
    return nbformat.v4.new_markdown_cell(source, id=id, metadata=_slide(slide))


def _code(id, source, *tags):
    return nbformat.v4.new_code_cell(source, id=id, metadata={"tags": list(tags)} if tags else {})


def _slide(kind):
    return {"slideshow": {"slide_type": kind}} if kind else {}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the stored one differs")
    options = parser.parse_args(arguments)
    before = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    if options.check:
        same = sources(nbformat.reads(before, as_version=4)) == sources(composed()) if before else False
        print(f"{PATH.name}: {'the same' if same else 'differs: run tools/write_field_guide.py'}")
        return 0 if same else 1
    nbformat.write(composed(), PATH)
    try:
        fresh = nbformat.writes(executed(PATH)) + "\n"
    except BaseException:
        PATH.write_text(before, encoding="utf-8")
        raise
    PATH.write_text(fresh, encoding="utf-8")
    print(f"{PATH.name}: {'the same' if before == fresh else 'written'}")
    return 0


def sources(notebook):
    """The written part of each cell, without what running adds."""
    return [(cell.id, cell.cell_type, cell.source, dict(cell.metadata)) for cell in notebook.cells]


if __name__ == "__main__":
    sys.exit(main())
