"""Every lesson keeps the course's anatomy, asks before it tells, and shows what it says."""

from __future__ import annotations

import contextlib
import io
import random
import re
import statistics
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import pytest
from toolbox import load

from lessons.desk import workcopy as desk
from lessons.study.predictions import matching
from lessons.study.questions import FIELD_GUIDE, GLOSSARY, LESSONS, misconceptions, questions

COURSE = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((COURSE / "notebooks").glob("[0-9]*.ipynb"))
# What holds for every notebook holds for the field guide, too; what it alone must is in study/test_guide.py.
ALL = [*NOTEBOOKS, COURSE / "notebooks" / f"{FIELD_GUIDE}.ipynb"]
COURSE_GLOSSARY = COURSE / "notebooks" / f"{GLOSSARY}.ipynb"
EXERCISES = sorted((COURSE / "exercises/release").glob("*/*.ipynb"))
SHORT = {stem: short for short, stem in LESSONS.items()}

TAGS = {
    "setup", "predict", "answer", "widget", "text-twin", "live", "break-it", "needs-os", "raises-exception",
    "nbval-ignore-output", "nbval-skip", "references-matter", "arrange",
}  # fmt: skip
# A cell without a type stays on the slide of the cell before it.
SLIDES = {"slide", "subslide", "fragment", "skip", "notes", ""}


@dataclass(frozen=True)
class Anatomy:
    """What one kind of notebook must have beyond what all of them must."""

    parts: tuple[str, ...]
    """The headings that stand in it, in this order, each once: regular expressions."""
    beats: tuple[str, ...]
    beat: range
    """How many minutes a beat may take."""
    minutes: int
    """All in all, with `opening` before the first heading that gives its own."""
    opening: int
    predictions: int
    """At least so many."""
    widgets: int
    """At most so many."""


LESSON = Anatomy(
    parts=(
        "Warm-up", "Beat 1", "Beat 2", "Beat 3", "Worked in full", "With a gap", "Alone$", "Exit question",
        "Key points", "In production", "Alone: further", "Glossary", "Where to go from here",
    ),
    beats=("Beat 1", "Beat 2", "Beat 3"),
    beat=range(7, 11),
    minutes=50,
    opening=3,
    predictions=6,
    widgets=2,
)  # fmt: skip
# It has one beat, checks the environment, shows the map, and asks what a student must know.
START = Anatomy(
    parts=(
        "One reading at a time", "How to predict", "Beat: The call and the pull", "Is everything here",
        "The map", "The whole job", "Exit question", "Are you ready", "1. Functions", "2. Classes",
        "3. `try` and `finally`", "4. `for`", "5. Exceptions", "The two packages", "Three ways",
        "How names work", "Key points", "Glossary", "Where to go from here",
    ),
    beats=("Beat: The call and the pull",),
    beat=range(10, 13),
    minutes=30,
    opening=1,
    predictions=11,
    widgets=1,
)  # fmt: skip
ANATOMY = {path: START if path.name.startswith("00") else LESSON for path in NOTEBOOKS}

NAMES = [
    "PipelineContext", "PipelineConfig", "measuredStage", "retryOnFailure", "maxAttempts", "delaySeconds",
    "recordCount", "elapsedSeconds", "windowSize",
]  # fmt: skip

# Words that a later lesson's glossary makes exact, and that say what they say in any text before.
EVERYDAY = {"chain", "commit", "lazy", "runner", "symptom"}
# The map of the first notebook names the three patterns, and says that their lessons tell what they mean.
PATTERNS = {"context manager", "descriptor", "decorator"}

every_lesson = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_notebook = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
every_beat = pytest.mark.parametrize(
    ("path", "beat"),
    [(path, beat) for path in NOTEBOOKS for beat in ANATOMY[path].beats],
    ids=lambda part: part.stem if isinstance(part, Path) else part.partition(":")[0],
)


def tool() -> ModuleType:
    return load("execute_notebooks")


@cache
def stored(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


@cache
def run_twice(path: Path) -> dict[str, Any]:
    """The cells of a fresh kernel in which each was run, and run again."""
    return {cell.id: cell for cell in tool().executed(path, twice=True).cells}


def code(path: Path, *tags: str) -> list[Any]:
    cells = [cell for cell in stored(path).cells if cell.cell_type == "code"]
    return [cell for cell in cells if set(tags) <= set(tagged(cell))]


def prose(path: Path) -> list[Any]:
    return [cell for cell in stored(path).cells if cell.cell_type == "markdown"]


def tagged(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def words(cell: Any) -> str:
    """A Markdown cell without its code: fenced, indented and inline."""
    text = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
    text = re.sub(r"(?m)^    .*$", "", text)
    return re.sub(r"`[^`]*`", "", text)


def headings(path: Path) -> list[tuple[int, str]]:
    found = []
    for cell in prose(path):
        fenced = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
        found += [(len(marks), title) for marks, title in re.findall(r"(?m)^(#+) (.+)$", fenced)]
    return found


def section(path: Path, title: str) -> list[Any]:
    """The cells from a second-level heading up to the next."""
    found: list[Any] = []
    inside = False
    for cell in stored(path).cells:
        if cell.cell_type == "markdown" and re.search(r"(?m)^## ", cell.source):
            inside = cell.source.startswith(f"## {title}")
        if inside:
            found.append(cell)
    return found


def asked(path: Path) -> list[str]:
    source = "\n".join(cell.source for cell in code(path))
    return re.findall(r"""^predict\(["']([\w-]+)["']\)""", source, re.MULTILINE)


def test_lab_opens_the_course_at_its_beginning() -> None:
    assert desk.lessons(COURSE)[0] == "notebooks/00_start_here.ipynb"


@every_notebook
def test_it_is_valid_and_under_a_megabyte(path: Path) -> None:
    nbformat.validate(stored(path))
    assert path.stat().st_size < 1_000_000


@every_notebook
def test_one_title_and_headings_in_order(path: Path) -> None:
    levels = [level for level, _ in headings(path)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert stored(path).cells[0].source.startswith("# ")
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    titles = [title for _, title in headings(path)]
    assert len(set(titles)) == len(titles), "each heading can be linked to"


@every_lesson
def test_the_parts_stand_in_their_order(path: Path) -> None:
    titles = [title for _, title in headings(path)]
    parts = ANATOMY[path].parts
    places = {part: [place for place, title in enumerate(titles) if re.match(part, title)] for part in parts}
    assert [part for part, found in places.items() if len(found) != 1] == []
    order = [found[0] for found in places.values()]
    assert order == sorted(order)


@every_lesson
def test_minutes_are_given_and_fit(path: Path) -> None:
    anatomy = ANATOMY[path]
    opening = stored(path).cells[0].source
    assert f"{anatomy.minutes} minutes in class" in opening and "alone" in opening
    minutes = {title: int(found) for _, title in headings(path)
               if (found := "".join(re.findall(r"\((\d+) min\)", title)))}  # fmt: skip
    beats = [spent for title, spent in minutes.items() if title.startswith("Beat")]
    assert len(beats) == len(anatomy.beats) and set(beats) <= set(anatomy.beat)
    assert anatomy.opening + sum(minutes.values()) <= anatomy.minutes, "what is left is slack"


@every_lesson
def test_it_opens_with_questions_and_objectives(path: Path) -> None:
    opening = "\n".join(cell.source for cell in prose(path)[:4])
    questions_part, _, objectives = opening.partition("**After this lesson you can**")
    assert len(re.findall(r"(?m)^- .*\?$", questions_part)) >= 2
    assert len(re.findall(r"(?m)^\d\. ", objectives)) >= 3


@every_beat
def test_a_beat_predicts_runs_explains_and_breaks(path: Path, beat: str) -> None:
    cells = section(path, beat)
    kinds = [tag for cell in cells for tag in tagged(cell)]
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert "predict" in kinds and "answer" in kinds
    assert "<details><summary>After you ran it</summary>" in text
    assert text.count("**Break it.**") == 1
    assert text.count("> **Key point.**") == 1
    order = [text.index("</details>"), text.index("**Break it.**"), text.index("> **Key point.**")]
    assert order == sorted(order)
    assert kinds.count("widget") <= 1


@every_notebook
def test_code_cells_are_short(path: Path) -> None:
    sizes = {cell.id: len([line for line in cell.source.splitlines() if line.strip()]) for cell in code(path)}
    assert {id: size for id, size in sizes.items() if size > 10} == {}
    assert path not in ANATOMY or statistics.median(sizes.values()) <= 5, "three to five as a rule"
    for cell in code(path):
        assert max(map(len, cell.source.splitlines()), default=0) <= 100, f"{cell.id}: too wide"


@every_notebook
def test_tags_and_slides_are_known(path: Path) -> None:
    for cell in stored(path).cells:
        assert set(tagged(cell)) <= TAGS, cell.id
    slides = [cell.metadata.get("slideshow", {}).get("slide_type", "") for cell in stored(path).cells]
    assert set(slides) <= SLIDES and slides[0] == "slide"
    first = next(cell for cell in code(path) if "live" not in tagged(cell))
    assert "setup" in tagged(first), "what everything stands on comes first"


@every_notebook
def test_a_slide_shows_before_it_says(path: Path) -> None:
    before = None
    for cell in stored(path).cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "")
        if kind in ("skip", "notes"):
            continue
        assert "</details>" not in cell.source, f"{cell.id}: a reply is for those who study alone"
        tells = cell.cell_type == "markdown" and before is not None and before.cell_type == "code"
        if tells and before.outputs and "predict" not in tagged(before):
            assert kind, f"{cell.id}: what a cell shows is told in a later step"
        before = cell


@every_notebook
def test_errors_are_announced_and_only_they(path: Path) -> None:
    for cell in code(path):
        raised = any(output.output_type == "error" for output in cell.outputs)
        assert raised == ("raises-exception" in tagged(cell)), cell.id


@every_notebook
def test_what_needs_an_operating_system_says_so(path: Path) -> None:
    needed = re.compile(r"\b(subprocess\.|os\.kill|resource=|ending\(|socket\.|threading\.|figures\.)")
    # A cell that only defines, or that says what a computer prints where there is no process, runs anywhere.
    prepared = ("PROGRAM = ", "def ending(", "except OSError:")
    for cell in code(path):
        if needed.search(cell.source) and not any(one in cell.source for one in prepared):
            assert "needs-os" in tagged(cell), cell.id


@every_notebook
def test_pictures_have_words(path: Path) -> None:
    for cell in prose(path):
        for alt in re.findall(r"!\[([^\]]*)\]\(", cell.source):
            assert len(alt.split()) >= 5, f"{cell.id}: the words say what the picture says"
        assert "<img" not in cell.source
    for cell in code(path):
        for output in cell.outputs:
            data = output.get("data", {})
            assert not {"image/png", "image/jpeg"} & set(data), f"{cell.id}: a bare image has no words"
            for tag in re.findall(r"<img[^>]*>", data.get("text/html", "")):
                assert re.search(r'alt="[^"]{20,}"', tag), cell.id


@every_lesson
def test_each_lab_is_in_words_too_linked_beside_it_and_outside_the_reading_flow(path: Path) -> None:
    cells = stored(path).cells
    places = [place for place, cell in enumerate(cells) if "widget" in tagged(cell)]
    widgets = re.compile(r"(?m)^\w+(Lab|Map)\(")
    assert [place for place, cell in enumerate(cells) if widgets.search(cell.source)] == places
    assert len(places) <= ANATOMY[path].widgets
    (end,) = [place for place, cell in enumerate(cells) if cell.id == "labs-in-words"]
    assert all("text-twin" in tagged(cell) for cell in cells[end:]), "nothing of the lesson comes after it"
    twins = iter(cells[end + 1 :])
    for place in places:
        link, words_cell, twin = cells[place + 1], next(twins), next(twins)
        assert twin.id == f"{cells[place].id.removesuffix('-lab')}-twin" and tool().text(twin).strip()
        assert links(link.source) == [f"#{anchor(re.findall(r'(?m)^### (.+)$', words_cell.source)[0])}"]
        assert "[Back to the lab](#" in words_cell.source
        shown = "".join(output.data["text/html"] for output in twin.outputs)
        assert "<details><summary>" in shown, f"{twin.id}: fold it up"
        for cell in (link, words_cell, twin):
            assert "text-twin" in tagged(cell) and cell.metadata["slideshow"]["slide_type"] == "skip"
    assert list(twins) == []


@every_lesson
def test_each_question_of_the_lesson_is_asked_once_and_answered_next(path: Path) -> None:
    mine = [id for id, question in questions().items() if question.lesson == SHORT[path.stem]]
    assert sorted(asked(path)) == sorted(mine), "no orphan, none twice"
    assert len(mine) >= ANATOMY[path].predictions
    cells = code(path)
    for place, cell in enumerate(cells):
        for id in re.findall(r"""^predict\(["']([\w-]+)["']\)""", cell.source, re.MULTILINE):
            assert "predict" in tagged(cell) and cell.source == f'predict("{id}")'
            following = [later for later in cells[place + 1 : place + 3] if f"# Answers {id}" in later.source]
            assert len(following) == 1 and "answer" in tagged(following[0]), id


def test_the_course_begins_and_ends_with_the_paired_questions() -> None:
    first, last = NOTEBOOKS[0], NOTEBOOKS[-1]
    flow = [cell for cell in stored(last).cells if "text-twin" not in tagged(cell)]
    assert code(first)[0].source.endswith("\nbefore()") and flow[-1].source.endswith("\nafter()")
    for cell in (code(first)[0], flow[-1]):
        (output,) = cell.outputs
        assert "9. " in output.data["text/plain"] and "your answer" not in output.data["text/plain"]
        assert cell.metadata["slideshow"]["slide_type"] == "skip", "nine questions fit on no slide"
        assert tagged(cell) == ["live"], "the reading edition has no journal"


@every_lesson
def test_unanswered_predictions_show_the_question_alone(path: Path) -> None:
    for cell in code(path, "predict"):
        (output,) = cell.outputs
        assert "To answer, write the letter after the id" in output.data["text/plain"]
        (id,) = re.findall(r'predict\("([\w-]+)"\)', cell.source)
        assert not any(option.reply in output.data["text/html"] for option in questions()[id].options)


@every_lesson
def test_the_first_question_of_each_beat_asks_why(path: Path) -> None:
    first, fresh = [], False
    for cell in stored(path).cells:
        if cell.cell_type == "markdown" and (heading := re.search(r"(?m)^## (.*)$", cell.source)):
            fresh = heading[1].startswith("Beat")
        found = re.match(r"""predict\(["']([\w-]+)["']\)""", cell.source)
        if found and fresh:
            first, fresh = [*first, found[1]], False
    mine = [one for one in questions().values() if one.lesson == SHORT[path.stem]]
    assert [one.id for one in mine if one.reason] == first


@every_lesson
def test_right_answers_are_what_the_answer_cells_showed(path: Path) -> None:
    for cell in code(path, "answer"):
        (id,) = re.findall(r"(?m)^# Answers ([\w-]+)$", cell.source)
        assert matching(questions()[id], tool().text(cell)) == [questions()[id].right], id


@pytest.mark.deep
@every_lesson
def test_right_answers_are_computed_by_running_the_answer_cell(path: Path) -> None:
    fresh = run_twice(path)
    for cell in code(path, "answer"):
        (id,) = re.findall(r"(?m)^# Answers ([\w-]+)$", cell.source)
        for shown in (tool().text(fresh[cell.id]), tool().text(fresh[f"{cell.id}-again"])):
            assert matching(questions()[id], shown) == [questions()[id].right], f"{id}:\n{shown}"


def beats(cells: list[Any]) -> list[list[Any]]:
    """The cells of each beat."""
    found: list[list[Any]] = []
    inside = False
    for cell in cells:
        heading = re.search(r"(?m)^## (.*)$", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            inside = heading[1].startswith("Beat")
            found += [[]] if inside else []
        if inside:
            found[-1].append(cell)
    return found


VARIANTS = """
from lessons.study.questions import misconceptions
from lessons.study.variants import has_variants, variant
print([variant(id, 0) for id in misconceptions() if has_variants(id)])
"""


@pytest.mark.deep
@every_lesson
def test_no_reply_is_untrue_also_with_the_beats_in_another_order(path: Path, tmp_path: Path) -> None:
    """All predictions are answered; then the beats come again, backwards and in a drawn order.

    After that, `again` computes the same answers as in a fresh process.
    """
    chance = random.Random(path.stem)
    whole = nbformat.read(path, as_version=4)
    for cell in whole.cells:
        cell.source = re.sub(r'(?m)^predict\("([\w-]+)"\)$', r'predict("\1", "A")', cell.source)
    again = [beats(whole.cells)[::-1], chance.sample(beats(whole.cells), len(beats(whole.cells)))]
    whole.cells += [cell for order in again for beat in order for cell in deepcopy(beat)]
    whole.cells.append(nbformat.v4.new_code_cell(VARIANTS))
    for number, cell in enumerate(whole.cells):
        cell.id = f"cell-{number}"
    copy = tmp_path / path.name
    nbformat.write(whole, copy)
    for link in ("figures", "data"):
        if (path.parent / link).exists():
            (tmp_path / link).symlink_to(path.parent / link)
    ran = tool().executed(copy)
    with contextlib.redirect_stdout(io.StringIO()) as fresh:
        exec(VARIANTS, {})
    assert len(fresh.getvalue()) > 10_000 and tool().text(ran.cells[-1]).strip() == fresh.getvalue().strip()
    replied = set()
    for cell in ran.cells:
        for id in re.findall(r"(?m)^# Answers ([\w-]+)$", cell.source if cell.cell_type == "code" else ""):
            own = [one for one in cell.outputs if f"Reply to {id}" not in str(one.get("data", ""))]
            true = matching(questions()[id], tool().text(SimpleNamespace(outputs=own))) == [
                questions()[id].right
            ]
            said = " ".join(tool().text(cell).split())
            assert ("You predicted A" in said) == true and ("Run this beat again" in said) != true, (id, said)
            replied |= {id} if true else set()
    assert replied == set(asked(path)), "in its own order each question is answered"


@pytest.mark.deep
@every_notebook
def test_a_cell_run_twice_shows_the_same_and_what_is_stored(path: Path) -> None:
    fresh = run_twice(path)
    for cell in code(path):
        if "nbval-ignore-output" in tagged(cell):
            continue
        first, again = fresh[cell.id], fresh[f"{cell.id}-again"]
        assert tool().text(first) == tool().text(again), f"{cell.id}: not from fresh state"
        assert tool().text(first) == tool().text(cell), f"{cell.id}: run tools/execute_notebooks.py"


@every_lesson
def test_misconceptions_of_the_lesson_stand_behind_its_options(path: Path) -> None:
    used = {option.misconception for id in asked(path) for option in questions()[id].options}
    assert {id for id, entry in misconceptions().items() if entry.lesson == path.stem} <= used


def anchor(title: str) -> str:
    """The name under which JupyterLab and the reading edition find a heading."""
    return re.sub(r"\s+", "-", title.replace("`", "").strip())


def links(text: str) -> list[str]:
    """The targets of links as they are written: JupyterLab finds a heading by its text, brackets included."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.findall(r"(?<!!)\[[^\]]+\]\(((?:[^()]|\([^()]*\))+)\)", text)


@pytest.mark.parametrize("path", [*ALL, COURSE_GLOSSARY, *EXERCISES], ids=lambda path: path.stem)
def test_links_lead_to_a_notebook_and_to_a_heading_in_it(path: Path) -> None:
    """Also on a student's desk, where lessons and exercises are under the same names."""
    assert {"notebooks", "exercises/release"} == set(desk.SHELVES)
    for target in links("\n".join(cell.source for cell in prose(path))):
        assert "://" not in target, f"{target}: a lesson needs no network"
        place, _, heading = target.partition("#")
        there = (path.parent / place).resolve() if place else path
        assert there.is_file() and there.is_relative_to(COURSE), target
        assert any(there.is_relative_to(COURSE / shelf) for shelf in desk.SHELVES), target
        if heading:
            assert heading in {anchor(title) for _, title in headings(there)} and heading.isascii(), target


@every_lesson
def test_a_card_shows_where_one_is_the_way_back_and_on(path: Path) -> None:
    place, (short, title) = NOTEBOOKS.index(path), (SHORT[path.stem], stored(path).cells[0].source[2:])
    card = stored(path).cells[1]
    beside = [*NOTEBOOKS[max(place - 1, 0) : place], *NOTEBOOKS[place + 1 : place + 2]]
    practice = [] if place == 0 else [f"../exercises/release/{short}/{short}.ipynb"]
    wanted = [*(one.name for one in beside), *practice, f"{GLOSSARY}.ipynb", f"{FIELD_GUIDE}.ipynb"]
    assert sorted(re.findall(r"\]\(([^)]+)\)", card.source)) == sorted(wanted)
    assert f"**{title.partition(':')[0]}**" in card.source
    (bars,) = [cell for cell in code(path, "live") if cell.id == "bars"]
    assert bars.source == f'way("{short}")' and "you are here" in tool().text(bars)


@every_notebook
def test_names_are_spelled_as_the_lecture_spells_them(path: Path) -> None:
    text = "\n".join(cell.source for cell in stored(path).cells)
    for name in NAMES:
        for found in re.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", "_?", name), text, re.IGNORECASE):
            assert found == name
    said = "\n".join(words(cell) for cell in prose(path))
    assert not re.search(r"\b(Pipeline Context|context-manager|(?<!contextlib\.)contextmanager)\b", said)


@every_notebook
def test_it_is_stored_executed_in_order_and_says_nothing_of_the_machine(path: Path) -> None:
    cells = code(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert "widgets" not in stored(path).metadata
    for cell in cells:
        shown = repr(cell.outputs)
        told = re.search(r"0x[0-9a-f]{6,}|/(home|root|tmp|work|usr)/|site-packages|view.json|Warning", shown)
        assert not told, f"{cell.id}: {told}"


@every_notebook
def test_the_tone_is_plain(path: Path) -> None:
    for cell in prose(path):
        for word in ("simply", "just", "obviously", "of course", "clearly", "trivial", "easy", "foo", "bar"):
            assert not re.search(rf"\b{word}\b", words(cell), re.IGNORECASE), f"{cell.id}: {word}"


def glossary(path: Path) -> list[str]:
    """The words that a lesson explains, without a remark in brackets."""
    (found,) = [cell for cell in prose(path) if cell.source.startswith("## Glossary")]
    return re.findall(r"\*\*([^*]+)\*\*", found.source)


def test_the_glossary_has_each_word_once_with_a_link_to_where_it_is_taught() -> None:
    """The link leads to the lesson that has the word first, and there to a part that marks it."""
    found: dict[str, list[str]] = {}
    for cell in prose(COURSE_GLOSSARY)[1:]:
        assert "| Word | What it means | Where it is taught | In your language |" in cell.source
        for row in re.findall(r"(?m)^\| \*\*(.+)$", cell.source):
            word, told, link, own, end = (part.strip() for part in row.split("|"))
            assert told.endswith((".", ".)")) and own == end == ""
            place, _, heading = links(link)[0].partition("#")
            found.setdefault(word.strip("*"), []).append(place)
            taught = COURSE_GLOSSARY.with_name(place)
            part = part_of(taught, heading)
            assert re.search(rf"\*+(a |an )?{re.escape(word.strip('*'))}s?\*+", part, re.IGNORECASE), word
    first: dict[str, list[str]] = {}
    for path in NOTEBOOKS:
        for word in glossary(path):
            first.setdefault(word, [path.name])
    first["descriptor"].append("02_descriptors.ipynb")  # of a file, and of an attribute
    assert found == first


def part_of(path: Path, heading: str) -> str:
    """What a lesson says under one heading, up to the next; under its title without one."""
    text = "\n".join(re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL) for cell in prose(path))
    title, *parts = re.split(r"(?m)^#{2,3} ", text)
    named = {anchor(part.partition("\n")[0]): part for part in parts}
    return named[heading] if heading else title


@cache
def told(path: Path, *, further: bool = True) -> str:
    """What a lesson says, without headings, goals, glossary, code, pictures and links."""
    kept = []
    for cell in prose(path):
        if not further and cell.source.startswith(("## In production", "## Alone: further")):
            break
        aside = cell.source.startswith("## Glossary") or cell.id == "way" or "text-twin" in tagged(cell)
        if "**After this lesson you can**" not in cell.source and not aside:
            text = re.sub(r"(?m)^#+ .*$", "", words(cell))
            kept.append(re.sub(r"!?\[[^\]]*\]\([^)]*\)", "", text))
    return "\n".join(kept)


@every_lesson
def test_terms_are_explained_where_they_first_stand(path: Path) -> None:
    """Where a term of the glossary stands for the first time, it is marked, and explained."""
    for term in glossary(path):
        first = re.search(rf"(\*+)?\b{re.escape(term)}s?\b", told(path), re.IGNORECASE)
        assert first and first.group(1), f"{term!r} is not marked where it first stands"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [pytest.param(*pair, id="-".join(path.stem[:2] for path in pair)) for pair in combinations(NOTEBOOKS, 2)],
)
def test_no_lesson_uses_a_term_that_a_later_one_explains(earlier: Path, later: Path) -> None:
    """Unless it marks and explains the term itself. What is for self-study may name what is to come."""
    known = PATTERNS if earlier == NOTEBOOKS[0] else set()
    known = known | {term for path in NOTEBOOKS if path <= earlier for term in glossary(path)}
    for term in set(glossary(later)) - known - EVERYDAY:
        first = re.search(rf"(\*+)?\b{re.escape(term)}s?\b", told(earlier, further=False), re.IGNORECASE)
        assert first is None or first.group(1), f"{term!r} is explained in {later.stem}"
