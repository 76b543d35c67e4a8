"""Write the exercise notebooks: source from texts, stubs and solutions, and release from source, by nbgrader.

    python tools/write_exercises.py [ASSIGNMENT...]
    python tools/write_exercises.py --check [ASSIGNMENT...]        write nothing, say what differs

To fix a task, a stub or a solution, edit its own file and run this.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from classroom.compose import as_bytes, notebook
from classroom.release import CONFIG, generate, kit_exercise, kit_texts
from classroom.trouble import Trouble
from lessons.exercises import exercises

EXERCISES = Path(__file__).resolve().parents[1] / "exercises"


def made(names, folder):
    """Make source and release of these assignments in an empty folder; return their paths below it."""
    told = kit_texts()
    unknown = [name for name in names if name not in told]
    if unknown:
        raise Trouble(f"There are no texts of {', '.join(unknown)}; there are those of {', '.join(told)}.")
    for name in names or told:
        mine = [id for id, one in exercises().items() if one.assignment == name]
        without = [id for id in mine if id not in told[name].tasks]
        if without:
            raise Trouble(f"{', '.join(without)}: a check without a text; write task.md beside it.")
        chosen = [kit_exercise(task) for task in told[name].tasks.values()]
        path = folder / "source" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(as_bytes(notebook(told[name], chosen)))
    shutil.copyfile(EXERCISES / CONFIG, folder / CONFIG)
    # In a folder of its own, so that no gradebook stays behind in the checkout.
    generate(folder, names or told)
    files = (path for kind in ("source", "release") for path in sorted(folder.glob(f"{kind}/*/*")))
    return [path.relative_to(folder) for path in files]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if one differs")
    options = parser.parse_args(arguments)
    differs = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            paths = made(options.assignments, Path(folder))
        except Trouble as trouble:
            print(f"write_exercises: {trouble}", file=sys.stderr)
            return 1
        for path in paths:
            stored, fresh = EXERCISES / path, (Path(folder) / path).read_bytes()
            same = stored.is_file() and stored.read_bytes() == fresh
            if not same and not options.check:
                stored.parent.mkdir(parents=True, exist_ok=True)
                stored.write_bytes(fresh)
            if not same:
                differs.append(path)
            told = "differs: run tools/write_exercises.py" if options.check else "written"
            print(f"{path}: {'the same' if same else told}")
    return 1 if options.check and differs else 0


if __name__ == "__main__":
    sys.exit(main())
