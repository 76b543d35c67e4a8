"""`FaultMap`: every place at which a pipeline can fail, as one map; a cell is replayed in `FailureLab`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import anywidget  # type: ignore[import-untyped, unused-ignore]
import ipywidgets  # type: ignore[import-untyped, unused-ignore]
import traitlets

from lessons.lab.base import Lab
from lessons.lab.experiments.chain import SPREADS, labelled
from lessons.lab.experiments.faultmap import (
    WITH,
    Build,
    MapOutcome,
    MapSettings,
    Point,
    fault,
    faultmap,
    when,
)
from lessons.lab.heatmap import cells, heatmap, key, point
from lessons.lab.widgets.failure import PATTERNS, FailureLab

_HERE = Path(__file__).parent
_HEADING = "Every place at which this pipeline can fail"
_PATIENCE = 2.0  # seconds without a word


class MapView(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows a picture of a map, with a frame around the chosen cell. A click sends ``{"choose": cell}``.

    On ``{"show": "replay"}``, it scrolls to the `FailureLab` of its lab and moves the focus into it. On
    ``{"show": "map"}``, it moves the focus into the controls of the map.
    """

    _esm = (_HERE / "mapview.js").read_text(encoding="utf-8")
    _css = (_HERE / "mapview.css").read_text(encoding="utf-8")
    picture = traitlets.Unicode().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)


class FaultMap(Lab):
    """A pipeline that is made to fail at each of its fault points, without `PipelineContext` and with it.

    Without `build`, it uses FailureLab's own pipeline; `build()` returns a student's own `(source, stages,
    sink)`. Choosing a cell replays its failure in the `FailureLab` below. Closing the map closes what the
    replay opened.

    In a notebook it is shown first and sweeps afterwards, so that its progress is visible. Reading `outcome`
    earlier starts the sweep at once.
    """

    def __init__(self, build: Build | None = None) -> None:
        super().__init__("FaultMap", _HEADING)
        self.build = build
        self._outcome: MapOutcome | None = None
        self.failure: FailureLab | None = None
        self._replayed: Point | None = None
        self.choice("place", "Part that fails", {"no part": ""}, "")
        self.choice("at", "It fails", {"at no point": ""}, "")
        self.switch("context", WITH, False)
        self.button("sweep", "Sweep again", self.sweep)
        self.button("show", "To the replay", self.show_replay).disabled = True
        for name in ("validation", "retry", "measure"):
            if build is None or name != "validation":
                self.switch(name, PATTERNS[name], name == "validation", more=True)
        if build is None:
            self.choice("spread", "Spread", list(SPREADS), "7.3", more=True)
        self.map = MapView()
        self.map.on_msg(self.guard(self._clicked))
        back = self.controls["back"] = ipywidgets.Button(description="Back to the map")
        back.on_click(self.guard(lambda _: self.show_map()))
        back.add_class("lc-slide-only")
        self.replay = ipywidgets.VBox([back])
        self.replay.add_class("lc-replay")
        self._waiting = after_cell(self.guard(lambda: self._begin()))
        self.assemble(self.map)
        self.children = [*self.children, self.replay]

    @property
    def outcome(self) -> MapOutcome:
        """Both sweeps."""
        if self._outcome is None:
            self._swept()
        assert self._outcome is not None
        return self._outcome

    @property
    def settings(self) -> MapSettings:
        """The patterns that the controls put around the parts."""
        names = ("validation", "retry", "measure", "spread")
        return MapSettings(**{name: self.controls[name].value for name in names if name in self.controls})

    @property
    def chosen(self) -> Point | None:
        """The point that the controls show."""
        get = {name: self.controls[name].value for name in ("place", "at", "context")}
        return Point(**get) if get["place"] and get["at"] else None

    def choose(self, point: Point) -> None:
        """Set the controls to a point, like a click on its cell.

        Raises `ValueError` for a point that this pipeline does not have.
        """
        if self.outcome.found(point) is None:
            raise ValueError(self.outcome.told(point))
        with self.held():
            self.controls["context"].value = point.context
            self.controls["place"].value = point.place
            self._offer()
            self.controls["at"].value = point.at

    def sweep(self) -> None:
        """Build a new pipeline for each fault point and try them all."""
        self._end_replay()
        with self.held():
            self._swept()
            self._stale = True

    def show_replay(self) -> None:
        """Scroll to the replay, which is below the map. On a slide, show it in the place of the map."""
        self.add_class("lc-at-replay")
        self.map.send({"show": "replay"})

    def show_map(self) -> None:
        """On a slide: show the map again."""
        self.remove_class("lc-at-replay")
        self.map.send({"show": "map"})

    def refresh(self) -> None:
        """Show the point of the controls, and replay it if it has changed."""
        if self._waiting and self._outcome is None:
            self.say("Working: this pipeline is made to fail at every place it has, one after the other.")
            return
        if self.outcome.settings != self.settings:
            self._end_replay()
            with self.held():
                self._swept()
        with self.held():
            self._offer()
        chosen = self.chosen
        if chosen is None:
            self._end_replay()
            self.map.chosen = ""
            mark = "error" if self.outcome.refused else "fail" if self.outcome.leaks(context=True) else "ok"
            hint = "" if self.outcome.refused else " Choose one to see what it leaves open and to replay it."
            self.say(self.outcome.sentence + hint, mark)
            self.tell(self.outcome.text())
            return
        self.map.chosen = self._cell(chosen)
        told = self.outcome.told(chosen)
        found = self.outcome.found(chosen)
        self.say(told, "fail" if found is not None and found.leaked else "ok")
        self.tell(f"{self.outcome.text()}\n\n{told}")
        if chosen != self._replayed:
            self._replayed = chosen
            self._replay(chosen)

    def close(self) -> None:
        """Close the replayed pipeline, and every model of the map."""
        self._waiting = False
        self.guard(self._end_replay)()
        super().close()

    def __repr__(self) -> str:
        # The stored text of a notebook is the same, however long the sweep takes.
        return f"FaultMap: {_HEADING}" if self._waiting else super().__repr__()

    # The sweep

    def _begin(self) -> None:
        if self._waiting:
            self._waiting = False
            self.refresh()

    def _swept(self) -> None:
        began = monotonic()

        def progress(done: int, total: int) -> None:
            if monotonic() - began > _PATIENCE:
                self.progress(done, total, "run")

        self._outcome = faultmap(self.build, progress, self.settings)
        self.map.picture = page(self.outcome)
        labels: dict[str, str] = {"no part": ""}
        for place, name in self.outcome.parts:
            if self.outcome.points(place):
                labels[labelled(place, name)] = place
        self._set("place", labels)
        self._offer()

    def _offer(self) -> None:
        """Let the control list the points of the chosen part."""
        points = self.outcome.points(self.controls["place"].value)
        self._set("at", {when(at): at for at in points} or {"at no point": ""})

    def _set(self, name: str, labels: dict[str, str]) -> None:
        control, options = self.controls[name], tuple(labels.items())
        if control.options != options:
            before = control.value
            control.options = options
            if before in labels.values():
                control.value = before

    def _cell(self, chosen: Point) -> str:
        """The cell of a point: its own, or a shared one."""
        for cell in cells(self.outcome, chosen.place, chosen.context):
            if chosen in cell.points:
                return key(cell.chosen)
        return ""

    def _clicked(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if "choose" in content:
            self.choose(point(content["choose"]))

    # The replay

    def _replay(self, chosen: Point) -> None:
        """Let FailureLab fail at this point, run to the end, and show the state of each part."""
        if self.failure is None:
            self.failure = FailureLab(self.build)
            heading = self.view()
            heading.value = '<p class="lc-head">The same failure, replayed in FailureLab</p>'
            self.replay.children = [self.controls["back"], heading, self.failure]
        self.controls["show"].disabled = False
        lab, injected = self.failure, fault(chosen)
        record = lab.controls["record"]
        with lab.held():
            lab.controls["context"].value = chosen.context
            for name in ("validation", "retry", "measure", "spread"):
                if name in lab.controls:
                    lab.controls[name].value = self.controls[name].value
            lab.controls["place"].value = injected.place
            at_record = injected.phase in ("pull", "write")
            lab.controls["phase"].value = "record" if at_record else injected.phase
            record.max = max(record.max, injected.record or 1)
            record.value = injected.record or record.value
            # This is inside the block, so that the replay shows only its end: each sentence is read aloud.
            lab.chain.reset(lab.settings)
            lab.act("run")

    def _end_replay(self) -> None:
        self._replayed = None
        self.controls["show"].disabled = True
        self.remove_class("lc-at-replay")
        if self.failure is not None:
            back, heading, _ = self.replay.children
            self.replay.children = [back]
            for model in (heading.layout, heading.style, heading):
                model.close()
            self.failure.close()
            self.failure = None


def after_cell(action: Callable[[], object]) -> bool:
    """Let a notebook call `action` once, after the running cell has shown its result.

    Returns `False` if no cell of a notebook is running; then the caller has to call `action`.
    """
    python: Any = sys.modules.get("IPython")
    shell: Any = python.get_ipython() if python is not None else None
    if not hasattr(shell, "kernel"):
        return False
    events = shell.events

    def act(*_: object) -> None:
        events.unregister("post_run_cell", act)
        action()

    events.register("post_run_cell", act)
    return True


def page(outcome: MapOutcome) -> str:
    """The map as HTML, with a legend."""
    if outcome.refused or not outcome.outcomes(True):
        return ""
    try:
        picture = heatmap(outcome).inline()
    except ImportError:
        return '<p class="lc-soft">There is no matplotlib here, so there is no map: it is below as text.</p>'
    meaning = "column = number of the pull or write · stronger colour = more left open"
    return f'{picture}<p class="lc-soft" style="margin: 0.2em 0 0">{meaning}</p>'
