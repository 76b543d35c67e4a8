"""The worst patterns of hard English are at zero in everything that people read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from toolbox import load

from lessons.study.questions import LESSONS

COURSE = Path(__file__).resolve().parents[1]


def tool() -> ModuleType:
    return load("english")


def patterns(texts: Iterable[Any]) -> list[str]:
    """What is found, but for sentences that are only long."""
    hits = [hit for text in texts for hit in tool().found(text)]
    return [str(hit) for hit in hits if hit.name in tool().PATTERNS]


@pytest.mark.parametrize("path", tool().everything(), ids=lambda path: path.relative_to(COURSE).as_posix())
def test_a_file_is_clean(path: Path) -> None:
    assert patterns(tool().texts(path)) == []


@pytest.mark.parametrize("short", LESSONS)
def test_a_lesson_is_clean(short: str) -> None:
    """Its notebook and pictures, questions, notes, beliefs, pairs and problems."""
    assert patterns(tool().of_lesson(short)) == []


def test_each_exception_is_needed() -> None:
    for where, part in tool().EXCEPTIONS:
        (path,) = [one for one in tool().everything() if one.as_posix().endswith(where)]
        sentences = [one for text in tool().texts(path) for one in tool().sentences(text.words)]
        assert any(part in sentence for sentence in sentences), part


BAD = {
    "stands": "`yield` stands in the body.",
    "lies": "The value lies in the instance dictionary.",
    "nobody": "Nobody calls `close`.",
    "who/what": "Who wants a value from a generator pulls it:",
    "what": "What it was given last it keeps.",
    "is no": "`KeyboardInterrupt` is no `Exception`.",
    "anew": "Each run begins anew.",
    "the pulling": "The `try` stands around the pulling.",
    "mend": "You mend a stage that loses records.",
    "by code": "Whoever wants a value pulls it, by `next`.",
    "n't": "It doesn't run.",
}
GOOD = """
You pull a value by calling `next`.
It is closed by `PipelineContext`.
There is no connection left.
The loop is no longer running.
What happens in night 21?
Who closes the file?
You understand what stays open.
The file was written by `Report`.
"""


@pytest.mark.parametrize("name", BAD)
def test_a_pattern_is_found_in_each_place_in_which_people_read(name: str, tmp_path: Path) -> None:
    assert set(BAD) == set(tool().PATTERNS)
    sentence = BAD[name]
    files = {
        "a.md": f"# A title\n\nOne two.\n\n- {sentence}\n\n```\n{sentence}\n```\n",
        "a.toml": f'reply = "{sentence}"\n',
        "comment.py": f"x = 1\n# It is one.\n# {sentence}\n",
        "docstring.py": f'def f():\n    """Do it.\n\n    {sentence}\n\n    >>> {name!r}\n    """\n',
        "string.py": f'raise ValueError("It is one thing. {sentence}")\n',
        "a.js": f"// {sentence}\n",
        "a.svg": f"<svg><desc>It is one. {sentence}</desc></svg>\n",
    }
    for file, source in files.items():
        (tmp_path / file).write_text(source, "utf-8")
        found = [hit.name for text in tool().texts(tmp_path / file) for hit in tool().found(text)]
        assert found.count(name) == 1, (file, found)


def test_plain_sentences_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD.replace("\n", "\n\n"), "utf-8")
    assert patterns(tool().texts(tmp_path / "a.md")) == []


def test_a_sentence_has_its_words_counted_and_code_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"It is `one two three`. {'Word ' * 25}`x y`. Short again.", "utf-8")
    (text,) = tool().texts(tmp_path / "a.md")
    assert [tool().length(one) for one in tool().sentences(text.words)] == [3, 26, 2]
    assert [hit.name for hit in tool().found(text)] == ["26 words"]
