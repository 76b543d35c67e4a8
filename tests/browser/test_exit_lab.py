"""ExitLab in JupyterLab, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from harness import Lab
from labs import looks, says, shown
from playwright.sync_api import expect

CELL = "from lessons import ExitLab\nExitLab()"


@pytest.mark.deep
def test_by_mouse(lab: Lab) -> None:
    box = shown(lab, CELL)
    says(box, "returned False: the ValueError arrives outside")
    box.get_by_label("__exit__ ends with").select_option("return True")
    says(box, "the ValueError is swallowed")
    box.get_by_label("The body raises").select_option("KeyboardInterrupt")
    says(box, "Ctrl-C no longer stops this program.")
    expect(box.get_by_role("row", name="raised 13 raise KeyboardInterrupt", exact=True)).to_be_visible()
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_label("__enter__ ends with").select_option("raise ConnectionError")
    says(box, "the body never ran and __exit__ was never called")
    box.get_by_text("The same as text").click()
    expect(box.get_by_role("region", name="the outcome as text")).to_contain_text("arrived outside")


@pytest.mark.deep
def test_by_keyboard(lab: Lab) -> None:
    box, press = shown(lab, CELL), lab.page.keyboard.press
    body, answer = box.get_by_label("The body raises"), box.get_by_label("__exit__ ends with")
    body.focus()
    press("ArrowDown")
    expect(body).to_have_value("OSError")
    says(box, "__exit__ received the OSError")
    press("Tab")
    expect(answer).to_be_focused()
    press("r")
    press("End")
    says(box, "raised it again")
    press("Tab")
    more = box.get_by_role("button", name="More", exact=True)
    expect(more).to_be_focused()
    expect(more).to_have_attribute("aria-expanded", "false")
    press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(box.get_by_label("__enter__ ends with")).to_be_visible()
    press("Tab")
    expect(box.get_by_label("__enter__ ends with")).to_be_focused()
    press("End")
    says(box, "__enter__ raised ConnectionError")
    press("Tab")
    press("Enter")
    expect(box.get_by_role("region", name="the outcome as text")).to_be_visible()


@pytest.mark.deep
def test_it_is_readable_and_nameable_everywhere(lab: Lab) -> None:
    box = shown(lab, CELL)
    box.get_by_label("__exit__ ends with").select_option("raise RuntimeError")
    says(box, "is left in its __context__")
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_text("The same as text").click()
    looks(lab, box, "exit-lab")


# Whether the middle of what has the focus is seen, or lies behind something.
SEEN = """() => {
    const one = document.activeElement, at = one.getBoundingClientRect();
    const top = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
    return one.contains(top) || top.contains(one) && !top.classList.contains('lc-say');
}"""


@pytest.mark.deep
@pytest.mark.parametrize("lab", [(1280, 600)], indirect=True)
def test_on_a_low_page_the_sentence_stays_in_sight_and_hides_nothing_that_has_the_focus(lab: Lab) -> None:
    box, press = shown(lab, CELL), lab.page.keyboard.press
    lab.command("notebook:hide-cell-code")
    body, status = box.get_by_label("The body raises"), box.get_by_role("status")
    body.focus()
    press("ArrowDown")
    says(box, "__exit__ received the OSError")
    expect(body).to_be_in_viewport(ratio=1)
    expect(status).to_be_in_viewport(ratio=1)
    expect(box.get_by_text("The same as text")).not_to_be_in_viewport()
    for _ in range(3):
        press("Tab")
        assert lab.page.evaluate(SEEN)
    expect(box.get_by_text("The same as text")).to_be_focused()
    # At the lab's end it stands in its own place, and covers nothing.
    after, sentence = box.get_by_text("The same as text").bounding_box(), status.bounding_box()
    assert after and sentence and sentence["y"] + sentence["height"] <= after["y"]


@pytest.mark.deep
def test_a_closed_lab_leaves_no_model_and_no_comm(lab: Lab) -> None:
    count = (
        "import gc, ipywidgets\n"
        "def count():\n"
        "    gc.collect()\n"
        "    comms = get_ipython().kernel.comm_manager.comms\n"
        "    return len(ipywidgets.widgets.widget._instances), len(comms)\n"
        "from lessons import ExitLab, LeakLab\n"
        "before = count()"
    )
    make = "labs = [ExitLab(), LeakLab()]\nfor one in labs:\n    display(one)"
    close = "for one in labs:\n    one.close()\ncount() == before"
    lab.write("lab.ipynb", count, make, close)
    lab.open("lab.ipynb")
    lab.run_cell(0)
    lab.run_cell(1)
    box = lab.output(1).locator(".lifecycle-lab")
    expect(box).to_have_count(2)
    box.first.get_by_label("__exit__ ends with").select_option("return True")
    says(box.first, "is swallowed")
    box.last.get_by_role("button", name="Crash once more").click()
    says(box.last, "2 crashes")
    lab.run_cell(2)
    assert lab.text(2) == "True"
    expect(box).to_have_count(0)
