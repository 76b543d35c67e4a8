"""A small kit for the tests of the course's commands: real checks and solutions, short texts of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lessons.desk import workcopy as desk
from lessons.exercises import exercises

COURSE = Path(__file__).resolve().parents[1]

TASK = """
## {id} · {title}
(kind: {kind})
The task of {id}.

### Hints
1. Think of it.
2. Look there.
3. Nearly:
   ```python
   ## no heading
   with thing:
       ...
   ```
"""
OPEN = """
## {assignment}-open · Say why
(points: 3)
Why?

### Marking
MODEL ANSWER: because.
"""


def small_kit(root: Path, monkeypatch: pytest.MonkeyPatch, *ids: str) -> Path:
    """A kit at `root` with these exercises, which takes the real one's place for this test."""
    texts = root / "src/lessons/exercises/assignments"
    texts.mkdir(parents=True)
    (root / "exercises").mkdir()
    shutil.copyfile(COURSE / "exercises/nbgrader_config.py", root / "exercises/nbgrader_config.py")
    for assignment in dict.fromkeys(id.partition("-")[0] for id in ids):
        parts = [f"# All about {assignment}\n\nRead, write, check."]
        for id in (one for one in ids if one.startswith(f"{assignment}-")):
            one = exercises()[id]
            folder = texts.parent / id.replace("-", "_")
            folder.mkdir()
            task = TASK.format(id=id, title=one.title, kind=one.kind)
            (folder / "task.md").write_text(task.lstrip(), encoding="utf-8")
            shutil.copytree(COURSE / "exercises/solutions" / id, root / "exercises/solutions" / id)
        parts.append(OPEN.format(assignment=assignment))
        (texts / f"{assignment}.md").write_text("".join(parts), encoding="utf-8")
    monkeypatch.setattr(desk, "course", lambda: root)
    return root
