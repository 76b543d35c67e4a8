"""A student's way through lessons: predict, run, read the reply, use the labs, see the progress."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Lab
from labs import ROOT, STEP, says
from measuring import run_cells
from playwright.sync_api import Locator, expect

from lessons.study.questions import LESSONS, misconceptions, questions

COURSE = Path(__file__).resolve().parents[2]
CONTENT = "window.jupyterapp.shell.currentWidget.content"


def press(box: Locator, name: str | re.Pattern[str]) -> None:
    box.get_by_role("button", name=name, exact=True).click()


def small_chain(box: Locator) -> None:
    says(box, "Nothing is open and nothing runs.")
    box.get_by_role("button", name=STEP).focus()
    box.page.keyboard.press("Enter")
    says(box, "run()'s loop has accepted record 1")


def leak(box: Locator) -> None:
    says(box, "1 crash: 1 of 20 pool slots held")
    press(box, "Crash once more")
    says(box, "2 crashes: 2 of 20 pool slots held")
    box.get_by_role("checkbox", name="with PipelineContext").check()
    says(box, "PipelineContext closed the source each time")


def ends(box: Locator) -> None:
    says(box, "returned False: the ValueError arrives outside")
    box.get_by_label("The body raises").focus()
    box.page.keyboard.press("ArrowDown")
    says(box, "__exit__ received the OSError")
    box.get_by_label("__exit__ ends with").select_option("return True")
    says(box, "the OSError is swallowed")


def measure(box: Locator) -> None:
    says(box, "@measuredStage reads 100 µs. Timing next() reads 260 µs")
    press(box, "Move 5 µs from the stage to the upstream")
    says(box, "@measuredStage reads 80 µs. Timing next() reads 260 µs")


def attempts(box: Locator) -> None:
    says(box, "Attempt 2 read 1 and 2 again and skipped them: each record arrived once.")
    box.get_by_label("The retry is").select_option("around the pull, restarted")
    says(box, "1 and 2 come more than once. No error says so.")


TRIED: dict[str, list[Callable[[Locator], None]]] = {
    "start": [small_chain],
    "leaks": [leak, ends],
    "decorators": [measure, attempts],
}
"""What the student does in each lab of a lesson, in their order. test_site.py uses all labs."""


TOLD = r"(?m)^(# Answers |progress\()"
"""A cell that speaks of the predictions."""


def run(lab: Lab, number: int) -> None:
    """Select a cell, press Shift+Enter on it, and wait until it has run."""
    before = lab.page.evaluate(
        f"n => {{ {CONTENT}.activeCellIndex = n; {CONTENT}.mode = 'command'; {CONTENT}.node.focus();"
        f" return {CONTENT}.model.cells.get(n).executionCount ?? 0; }}",
        number,
    )
    lab.page.keyboard.press("Shift+Enter")
    lab.page.wait_for_function(
        f"""([n, before]) => {CONTENT}.model.cells.get(n).executionCount > before
            && window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'""",
        arg=[number, before],
    )


def commit(lab: Lab, number: int, letter: str, by_hand: bool) -> None:
    """Choose an option and press Sure, by the keyboard or by mouse."""
    box = lab.output(number).locator(".lc-choice-box")
    radio = box.get_by_role("radio", name=re.compile(rf"^{letter}\s"))
    if by_hand:
        radio.focus()
        lab.page.keyboard.press("Space")
        box.get_by_role("button", name="Sure").focus()
        lab.page.keyboard.press("Enter")
    else:
        radio.check()
        press(box, "Sure")


def pictures(lab: Lab, name: str) -> None:
    """The whole notebook as it stands, screen by screen, when pictures are kept."""
    if not os.environ.get("LIFECYCLE_SHOTS"):
        return
    lab.command("application:toggle-left-area")
    lab.page.set_viewport_size({"width": 1280, "height": 2000})
    scroller = f"{CONTENT}.node.querySelector('.jp-WindowedPanel-outer')"
    whole = lab.page.evaluate(f"() => {scroller}.scrollHeight")
    for number, top in enumerate(range(0, whole, 1800)):
        lab.page.evaluate(f"top => {{ {scroller}.scrollTop = top; }}", top)
        lab.screenshot(f"walk-{name}-{number:02}")


@pytest.mark.deep
@pytest.mark.parametrize("lesson", TRIED)
def test_a_student_walks_through_the_lesson(lab: Lab, lesson: str) -> None:
    lab.open(f"notebooks/{LESSONS[lesson]}.ipynb")
    cells = lab.cells()
    assert not any(cell.get("outputs") for cell in cells), "a desk holds no answers"
    tries = iter(TRIED[lesson])
    asked: dict[str, tuple[str, bool]] = {}
    plain: list[int] = []
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        if asked and not {"predict", "widget"}.intersection(tags) and not re.search(TOLD, source):
            plain.append(number)
            continue
        # The cells that only show something run together, as long as there is nothing to do or to read.
        if plain:
            run_cells(lab, plain)
            plain.clear()
        out = lab.output(number)
        if "predict" in tags:
            (id,) = re.findall(r'^predict\("([\w-]+)"\)$', source)
            # Right and wrong by turns.
            question = questions()[id]
            letter = next(
                option.letter
                for option in question.options
                if (option is question.right) == (len(asked) % 2 == 0)
            )
            run(lab, number)
            commit(lab, number, letter, by_hand=not asked)
            asked[id] = letter, letter == question.right.letter
            expect(out).to_contain_text(f"Your prediction: {letter} (sure). Now run the next cell")
            continue
        run(lab, number)
        for id in re.findall(r"(?m)^# Answers ([\w-]+)$", source):
            letter, right = asked[id]
            reply = out.get_by_role("group", name=f"Reply to {id}")
            expect(reply).to_contain_text(f"You predicted {letter}")
            named = "that is what happens" if right else "Behind it is a common belief"
            expect(reply).to_contain_text(named)
        if "widget" in tags:
            box = out.locator(ROOT).first
            expect(box).to_have_attribute("role", "group")
            next(tries)(box)
        if source.startswith("progress("):
            given = sum("predict" in other["metadata"].get("tags", []) for other in cells[:number])
            right = sum(right for _, right in asked.values())
            expect(out).to_contain_text(f"{right} of {len(mine(lesson))} right, {given - right} not right")
    if plain:
        run_cells(lab, plain)
    assert next(tries, None) is None and set(asked) == set(mine(lesson))
    lab.wait_idle()
    assert lab.unexpected_errors() == []
    pictures(lab, lesson)


def mine(lesson: str) -> list[str]:
    return [id for id, question in questions().items() if question.lesson == lesson]


@pytest.mark.deep
def test_a_belief_is_found_in_the_field_guide(lab: Lab) -> None:
    entry = misconceptions()["generators-groups-stay"]
    lab.open("notebooks/field_guide.ipynb")
    run(lab, 1)
    expect(lab.output(1)).to_contain_text('1 belief has "groupby" in it.')
    expect(lab.output(1)).to_contain_text("Taking the next group skips the rest of the previous one")
    lab.cell(1).locator(".cm-line").last.click()
    lab.page.keyboard.press("End")
    for _ in '"groupby")':
        lab.page.keyboard.press("Backspace")
    lab.page.keyboard.type('"zip")')
    run(lab, 1)
    expect(lab.output(1)).to_contain_text('have "zip" in it.')
    # The rest of the guide, all of it: each belief has a proof that runs.
    headings = ["".join(cell["source"]) for cell in lab.cells()]
    proof = headings.index(f"### “{entry.belief.rstrip('.')}”") + 1
    lab.run_all()
    assert entry.shows in lab.text(proof)
    assert lab.unexpected_errors() == []
    pictures(lab, "field-guide")
