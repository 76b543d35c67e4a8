"""`classroom student-kit`: what students and hub images get, in a folder or a zip file.

The kit holds the lessons, the package `lifecycle`, the course's released exercises, and what is needed to
install and start them. It has no source notebook, no solution, no test, and no part of `classroom`.
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from classroom.compose import BEGIN_SOLUTION, BEGIN_STUB
from classroom.course import Course, add_option
from classroom.release import kit, weaker
from classroom.trouble import Trouble
from lessons.desk import workcopy as desk
from lessons.words import many

NAME = "student-kit.zip"
COPIED = ("LICENSE", "constraints.txt", "environment.yml", ".gitignore", "tools/setup_env.py")
FOLDERS = ("notebooks", "src/lifecycle", "src/lessons")
ARCHIVES = (".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar")
"""Endings of other archives: such a name is hardly meant as a folder, and the kit is packed only as zip."""

TARGETS = ("help", "lab", "present", "html", "python")
"""The Makefile's targets that work in a student's kit."""

README = """\
# {title}

The lessons and exercises of this course, for Jupyter. You need Python 3.11 or newer.

```
make lab
```

opens the first lesson in JupyterLab, on Linux and macOS. The first run makes an environment in `.venv`, which
takes a few minutes; later runs start at once. On Windows, or wherever you use conda:

```
conda env create -f environment.yml
conda activate lifecycle
lifecycle lab
```

You work in your *desk*, the folder `desk/`: a copy of everything, which you may edit. When you get a newer
edition of this kit, unpack it over this one and start again. Files that you edited are never overwritten; the
newer edition is put beside them.

The **exercises** are in `desk/exercises/release/`, one notebook for each assignment. Write your answer, run
its cell, and then run the cell below it. That cell tells you which requirements pass, which fail, and why.
The same check is used for grading. Hand in the notebook as your course tells you, but keep its name, such
as `leaks.ipynb`.

Names from the lecture are spelled as in the lecture (`PipelineContext`, `measuredStage`). Write your own code
in `snake_case`.

The licence is [MIT](LICENSE). The [origin of the weather data](notebooks/data/ORIGIN.md) is described
separately.
"""


def files(course: Course, assignments: Iterable[str] = ()) -> dict[str, bytes]:
    """The files of a student's kit, by their paths in it.

    assignments: which ones are in it, all by default. Raises `Trouble` if one has no release, or if a release
    still contains a solution.
    """
    root = kit()
    found = {one: (root / one).read_bytes() for one in COPIED}
    found["README.md"] = README.format(title=course.name).encode()
    found["Makefile"] = makefile((root / "Makefile").read_text(encoding="utf-8")).encode()
    found["pyproject.toml"] = project((root / "pyproject.toml").read_text(encoding="utf-8")).encode()
    chosen = tuple(assignments) or tuple(course.assignments)
    for path in (
        _visible(root / "notebooks") + _visible(root / "src/lifecycle") + _visible(root / "src/lessons")
    ):
        if path.name not in desk.NOT_FOR_STUDENTS:
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    found |= {path: unlinked(text, chosen) for path, text in found.items() if path.endswith(".ipynb")}
    for name in chosen:
        folder = course.release(course.assignment(name).name).parent
        released = {f"exercises/release/{name}/{path.relative_to(folder).as_posix()}": path.read_bytes()
                    for path in _visible(folder)}  # fmt: skip
        if f"exercises/release/{name}/{name}.ipynb" not in released:
            remedy = f"`classroom course {course.root} --update`"
            raise Trouble(f"{name} has no release in {folder}: {remedy} makes it.")
        for released_path, content in released.items():
            if any(mark.encode() in content for mark in (BEGIN_SOLUTION, BEGIN_STUB)):
                raise Trouble(
                    f"{released_path} still contains a solution: release it again, using "
                    f"`classroom course {course.root} --update` or "
                    f"`nbgrader generate_assignment {name} --force`."
                )
        found |= released
    return dict(sorted(found.items()))


def unlinked(lesson: bytes, assignments: Iterable[str]) -> bytes:
    """A lesson in which each link to an exercise outside these assignments is replaced by a note.

    >>> unlinked(b"the [exercises](../exercises/release/leaks/leaks.ipynb), ...", [])
    b'the exercises (not in this kit), ...'
    """
    there = {name.encode() for name in assignments}
    return _EXERCISES.sub(
        lambda link: link[0] if link["assignment"] in there else link["text"] + b" (not in this kit)", lesson
    )


_EXERCISES = re.compile(
    rb"\[(?P<text>[^][]+)\]\(\.\./exercises/release/(?P<assignment>\w+)/(?P=assignment)\.ipynb\)"
)


def project(text: str) -> str:
    """The `pyproject.toml` of a student's kit: the package `lifecycle` and its requirements, no extras.

    Raises `ValueError` if the kit's own file has a shape that this function does not know.
    """
    whole = tomllib.loads(text)
    kept = [part for part in re.split(r"(?m)^(?=\[)", text) if part.startswith(_SECTIONS)]
    made = "".join(kept).replace('classroom = "classroom.cli:main"\n', "").replace(', "src/classroom"', "")
    expected = {
        "build-system": whole["build-system"],
        "project": {
            **{key: value for key, value in whole["project"].items() if key != "optional-dependencies"},
            "scripts": {"lifecycle": "lessons.desk.cli:main"},
        },
        "tool": {"hatch": {"build": {"targets": {"wheel": {"packages": ["src/lifecycle", "src/lessons"]}}}}},
    }
    if tomllib.loads(made) != expected:
        raise ValueError("pyproject.toml has changed, so this function must be adapted")
    return made.rstrip() + "\n"


_SECTIONS = ("[build-system]", "[project]", "[project.scripts]", "[tool.hatch.")


def makefile(text: str) -> str:
    """The Makefile of a student's kit: the targets that open lessons."""
    blocks = []
    for block in text.rstrip().split("\n\n"):
        target = re.search(r"(?m)^(\w+):", block)
        if target and target[1] not in TARGETS:
            continue
        lines = _OF_TESTS.sub("", block + "\n").splitlines()
        if lines[0].startswith(".PHONY:"):
            lines = [f".PHONY: {' '.join(TARGETS)}"]
        shown = (re.search(r'echo "make (\w+)', line) for line in lines)
        blocks.append("\n".join(
            line for line, told in zip(lines, shown, strict=True) if not told or told[1] in TARGETS
        ))  # fmt: skip
    return "\n\n".join(blocks) + "\n"


_OF_TESTS = re.compile(r"(?m)(^#.*\n)*^(IN_TEST_ENV|PYTEST) = .*\n")
"""The lines of the Makefile that are only for tests, with the comment above them."""


def packed(content: Mapping[str, bytes], top: str) -> bytes:
    """A zip file with everything inside one folder; the same files give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            entry = zipfile.ZipInfo(f"{top}/{path}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return stream.getvalue()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom student-kit`."""
    parser.description = (
        "Pack the kit for students and hub images: lessons, the package, this course's released exercises, "
        "and what starts them. Source notebooks, solutions, tests and the command classroom are left out."
    )
    parser.add_argument(
        "target", nargs="?", type=Path, metavar="DIR|ZIP",
        help=f"an empty or new folder, or a file that ends in .zip (default: {NAME} in the course)",
    )  # fmt: skip
    parser.add_argument(
        "--assignment", action="append", default=[], metavar="NAME", help="only this one (may be repeated)"
    )
    add_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the kit."""
    course = Course.read(arguments.course)
    target: Path = arguments.target or course.root / NAME
    content = files(course, arguments.assignment)
    try:
        if target.suffix.lower() in ARCHIVES:
            raise Trouble(f"{target} is not a zip file: give a folder, or a file that ends in .zip.")
        if target.suffix.lower() == ".zip":
            top = re.sub(r"[^a-z0-9]+", "-", course.name.lower()).strip("-") or "course"
            _write(packed(content, top), target)
        else:
            _lay(content, target)
    except OSError as error:
        raise Trouble(f"{target} cannot be written: {error.strerror or error}.") from error
    exercises = len({path.split("/")[2] for path in content if path.startswith("exercises/")})
    print(
        f"The student kit with {many(exercises, 'assignment')} is in {target}: {len(content)} files, without "
        "solutions.",
        *weaker(course, arguments.assignment or course.assignments),
        sep="\n",
    )
    return 0


def _write(data: bytes, target: Path) -> None:
    """Put a zip file in place in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    try:
        fresh.write_bytes(data)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _lay(content: Mapping[str, bytes], target: Path) -> None:
    """Put the kit in a folder in one step."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Trouble(f"{target} is not empty: give an empty or new folder, or a file that ends in .zip.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.absolute().parent) as place:
        stage = Path(place) / "kit"
        for path, data in content.items():
            (stage / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).write_bytes(data)
        if target.exists():
            target.rmdir()
        stage.rename(target)


def _visible(folder: Path) -> list[Path]:
    """All files below a folder, in a fixed order, without hidden ones and caches."""
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside)
        if path.is_file() and not hidden:
            found.append(path)
    return found
