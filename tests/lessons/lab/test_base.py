"""The shell: labels, guard, hold, unfold, close."""

import gc
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import ipywidgets
import pytest

import lessons
from lessons.lab.base import Lab, WrongArgument, drive, running_cell, values


class Echo(Lab):
    """A lab that shows its controls and breaks on demand."""

    def __init__(self):
        super().__init__("Echo", "A heading & more")
        self.refreshed = 0
        self.kind = self.choice("kind", "What runs out", {"the pool": "pool", "files": "files"}, "pool")
        self.radio = self.choice("radio", "Pick", ["a", "b"], "a", radio=True)
        self.count = self.number("count", "Crashes", 1, 5, 2)
        self.context = self.switch("context", "with the context", False, more=True)
        self.button("bang", "Break it", self.bang)
        self.button("reset", "Reset", self.reset, more=True)
        self.drawn = self.view()
        self.assemble(self.drawn)

    def bang(self):
        raise ZeroDivisionError("it broke")

    def reset(self):
        with self.held():
            self.kind.value, self.count.value, self.context.value = "pool", 2, False

    def refresh(self):
        self.refreshed += 1
        if self.count.value == 5:
            raise OverflowError("five is too many")
        self.drawn.value = f"{self.kind.value} {self.radio.value} {self.count.value} {self.context.value}"
        self.say(f"Showing {self.count.value}.", "ok")


def registry():
    return ipywidgets.widgets.widget._instances


@pytest.fixture
def lab():
    before = set(registry())
    lab = Echo()
    yield lab
    lab.close()
    assert set(registry()) == before, "closing a lab leaves models behind"


def test_every_control_through_all_its_values_is_shown(lab):
    for name in ("kind", "radio", "count", "context"):
        for value in values(lab.controls[name]):
            if (name, value) == ("count", 5):
                continue
            drive(lab, name, value)
            assert str(value) in lab.drawn.value
        lab.controls["count"].value = 2


def test_a_click_that_raises_is_kept_said_and_raised_by_drive(lab):
    with pytest.raises(ZeroDivisionError):
        drive(lab, "bang")
    assert [type(error) for error in lab.errors] == [ZeroDivisionError]
    assert lab.sentence == (
        "Echo could not show this: ZeroDivisionError: it broke. "
        "Your settings are kept; change a control to go on."
    )
    assert lab.voice.mark == "error"
    drive(lab, "count", 3)
    assert lab.sentence == "Showing 3."


def test_a_refresh_that_raises_is_kept_said_and_raised_by_drive(lab):
    with pytest.raises(OverflowError):
        drive(lab, "count", 5)
    assert "five is too many" in lab.sentence


def test_held_changes_refresh_once(lab):
    drive(lab, "count", 4)
    drive(lab, "kind", "files")
    before = lab.refreshed
    drive(lab, "reset")
    assert lab.refreshed == before + 1
    assert lab.drawn.value == "pool a 2 False"


def test_more_unfolds_the_advanced_controls(lab):
    panel = next(child for child in lab.children if "lc-more" in child._dom_classes)
    assert panel.layout.display == "none"
    drive(lab, "more", True)
    assert panel.layout.display == "flex"
    assert lab.context in panel.children[0].children and lab.count not in panel.children[0].children
    drive(lab, "more", False)
    assert panel.layout.display == "none"


def test_every_control_has_a_visible_label(lab):
    for name, control in lab.controls.items():
        assert getattr(control, "description", "") or getattr(control, "label", ""), name


def test_progress_is_said_and_taken_away(lab):
    lab.progress(7, 20, "crash")
    assert (lab.voice.done, lab.voice.total, lab.sentence) == (7, 20, "Working: crash 7 of 20.")
    # The bar moves each time; what a screen reader reads changes at a quarter.
    lab.progress(9, 20, "crash")
    assert (lab.voice.done, lab.sentence) == (9, "Working: crash 7 of 20.")
    lab.progress(10, 20, "crash")
    assert lab.sentence == "Working: crash 10 of 20."
    lab.say("Done.")
    assert (lab.voice.done, lab.voice.total) == (0, 0)


def test_repr_is_the_sentence(lab):
    assert repr(lab) == "Echo: Showing 2."


def test_two_controls_of_one_name_are_refused(lab):
    with pytest.raises(ValueError, match="already has a control named 'kind'"):
        lab.switch("kind", "again", True)


def test_drive_names_the_controls_there_are(lab):
    with pytest.raises(KeyError, match="kind, radio, count"):
        drive(lab, "nope", 1)


def test_a_lab_without_refresh_says_so():
    class Empty(Lab):
        pass

    lab = Empty("Empty")
    lab.assemble()
    assert "needs a refresh method of its own" in lab.sentence
    lab.close()


def test_closing_many_labs_leaves_nothing():
    before = set(registry())
    for _ in range(20):
        Echo().close()
    assert set(registry()) == before


def test_a_lab_that_nobody_closed_is_silent_when_python_ends():
    code = "from lessons import ExitLab; lab = ExitLab()"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


WRONG = {
    "LeakLab(crashes=100)": "LeakLab was given crashes=100, but its arguments are resource, cycles, context, "
    "keeps, collects, breaks and queries.",
    "LeakLab(cycles=100)": "LeakLab: cycles=100 is not a whole number from 1 to 40.",
    "LeakLab(['pool'])": "LeakLab: resource=['pool'] is not one of pool, files, sockets.",
    "LeakLab(context='no')": "LeakLab: context='no' is not one of True, False.",
    "LeakLab(queries=1)": "LeakLab: queries=1 is not one of True, False.",
    "ExitLab('OSError', 'return True', 'return self', 3)": "ExitLab was given 4 values, but its arguments "
    "are body, answer and opening.",
    "ExitLab('OSError', body='OSError')": "ExitLab was given body twice, but its arguments are body, answer "
    "and opening.",
    "ExitLab(body=OSError)": "ExitLab: body=<class 'OSError'> is not one of nothing, return, ",
    "ExitLab(opening={})": "ExitLab: opening={} is not one of return self, return None",
    "DescriptorLab('spread', 7)": "DescriptorLab: value=7 is not a text. Write it as you type it: value='7'.",
    "DescriptorLab(naming='twice')": "DescriptorLab: naming='twice' is not one of hand, misspelt, ",
    "DescriptorLab(way=[])": "DescriptorLab: way=[] is not one of on the instance, ",
    "MetricsLab(keeps=3)": "MetricsLab: keeps=3 is not one of 1, 2, 0.",
    "MetricsLab(stage='5')": "MetricsLab: stage='5' is not a whole number from 0 to 100.",
    "RetryLab(failures=3)": "RetryLab: failures=3 is not a list; [3] breaks attempt 1 after 3 records.",
    "RetryLab(delay='1')": "RetryLab: delay='1' is not one of 0, 0.5, 1, 2.",
    "RetryLab(error=ValueError)": "RetryLab: error=<class 'ValueError'> is not one of ",
    "FailureLab(pipeline=3)": "FailureLab was given pipeline=3, but its argument is build.",
    "FaultMap(1, 2)": "FaultMap was given 2 values, but its argument is build.",
}
"""What a student may write by mistake, and the beginning of what the lab says."""


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_argument_is_one_sentence(call, monkeypatch):
    """It says what was given and what is allowed. When Python deletes the lab, no second error is said."""
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    before = set(registry())
    with pytest.raises(WrongArgument) as refused:
        eval(call, {name: getattr(lessons, name) for name in [call.partition("(")[0]]})
    assert str(refused.value).startswith(WRONG[call]) and str(refused.value).endswith(".")
    assert isinstance(refused.value, TypeError) and isinstance(refused.value, ValueError)
    del refused
    gc.collect()
    assert said == [] and set(registry()) == before


def test_in_a_notebook_a_wrong_argument_shows_no_line_of_the_kit():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    try:
        with capture_output() as shown:
            InteractiveShell.instance().run_cell("from lessons import LeakLab\nLeakLab(crashes=100)")
        assert shown.stdout.strip() == WRONG["LeakLab(crashes=100)"]
    finally:
        InteractiveShell.clear_instance()


def test_an_error_of_a_lab_that_has_begun_is_not_said_to_be_one_of_its_arguments():
    class Broken(Lab):
        def __init__(self, count=3):
            super().__init__("Broken")
            raise ValueError("this lab has a mistake")

    with pytest.raises(ValueError, match=r"^this lab has a mistake$") as raised:
        Broken(4)
    assert type(raised.value) is ValueError


def test_an_unknown_widget_is_answered_with_the_known_ones():
    import lessons

    with pytest.raises(AttributeError, match=r"lessons has no 'LeekLab'; it has .*ExitLab.*LeakLab"):
        lessons.LeekLab  # noqa: B018


def test_experiments_come_without_widgets_pictures_and_databases():
    code = (
        "import sys, lessons.lab, lessons.lab.experiments.exits, lessons.lab.experiments.leak\n"
        "print(sorted({'anywidget', 'ipywidgets', 'matplotlib', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_callbacks_of_two_threads_take_turns(lab):
    """A front end may send clicks to a thread beside the one that runs the cells."""
    seen = []

    def work(*_):
        seen.append("begins")
        time.sleep(0.05)
        seen.append("ends")

    threads = [threading.Thread(target=lab.guard(work)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["begins", "ends"] * 4


# A cell that runs again


class Cells:
    """A notebook, as far as a lab asks it: which cell runs, and for which time."""

    def __init__(self, monkeypatch):
        self.execution = 0
        monkeypatch.setattr("lessons.lab.base.running_cell", lambda: self.now)
        monkeypatch.setattr("lessons.lab.base._shown", {})

    def run(self, cell, *labs):
        self.execution += 1
        self.now = (cell, f"run {self.execution}") if cell else ("", "")
        for lab in labs:
            assert lab._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]


@pytest.fixture
def cells(monkeypatch):
    before = set(registry())
    yield Cells(monkeypatch)
    assert set(registry()) == before, "a lab that was succeeded leaves models behind"


def models(lab):
    """Which of these are open: a closed lab is in no registry."""
    return lab in registry().values()


def test_a_cell_that_runs_again_closes_what_it_showed(cells):
    one, other, third = Echo(), Echo(), Echo()
    cells.run("a", one, other)
    assert models(one) and models(other)
    cells.run("a", third)
    assert (models(one), models(other), models(third)) == (False, False, True)
    third.close()


def test_a_lab_that_is_shown_again_or_elsewhere_stays(cells):
    kept, moved, new = Echo(), Echo(), Echo()
    cells.run("a", kept, moved)
    cells.run("b", moved)
    cells.run("a", kept, new)
    assert models(kept) and models(moved)
    cells.run("b", new)
    assert models(kept) and not models(moved)
    kept.close(), new.close()


def test_where_no_cell_runs_nothing_is_closed(cells):
    labs = Echo(), Echo()
    for lab in labs:
        cells.run("", lab)
    assert all(models(lab) for lab in labs)
    for lab in labs:
        lab.close()


def test_the_running_cell_is_asked_of_the_kernel(monkeypatch):
    import IPython

    shell = SimpleNamespace()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    assert running_cell() == ("", "")
    shell.get_parent = dict
    assert running_cell() == ("", "")
    shell.get_parent = lambda: {"header": {"msg_id": "m"}, "metadata": {"cellId": "c"}}
    assert running_cell() == ("c", "m")


def test_a_former_lab_that_cannot_be_closed_is_said_by_the_new_one(cells, monkeypatch):
    one, other = Echo(), Echo()
    cells.run("a", one)
    with monkeypatch.context() as broken:
        broken.setattr(one, "close", lambda: 1 / 0)
        cells.run("a", other)
    assert [type(error) for error in other.errors] == [ZeroDivisionError]
    one.close(), other.close()
