"""FailureLab: pull a pipeline one record at a time, and strike a part of it while the chain is suspended."""

from __future__ import annotations

import sys
from typing import Any

from lessons.lab.base import Lab
from lessons.lab.experiments.chain import (
    SPREADS,
    Build,
    Chain,
    ChainSettings,
    ChainState,
    Fault,
    labelled,
)
from lessons.lab.experiments.watch import ERRORS
from lessons.lab.widgets.chainview import ChainView, EventLog, message, record

PHASES = {
    "when it opens": "open",
    "at a record": "record",
    "when its stream closes": "end",
    "when it closes": "close",
}
"""When a part can be set to fail, in the words of the control."""


PATTERNS = {
    "context": "PipelineContext",
    "validation": "PipelineConfig validates",
    "retry": "@retryOnFailure on the source",
    "measure": "@measuredStage on each stream",
}
"""The four patterns, each of which can be switched off. A student's own parts validate for themselves."""


class FailureLab(Lab):
    """A pipeline to step, strike and restart, as a drawing that shows every generator's own frame.

    Without `build`, it uses the course's weather pipeline; `build()` returns a student's own `(source,
    stages, sink)`. It shows `chain.state`, an outcome of the experiment in `lessons.lab.experiments.chain`. A
    bolt in the drawing makes a part fail when it runs next. Closing the lab closes what its pipeline opened;
    a cell that runs again closes its earlier lab.
    """

    def __init__(self, build: Build | None = None) -> None:
        super().__init__("FailureLab")
        self.chain = Chain(ChainSettings(), build)
        self.drawing = ChainView()
        self.events = EventLog()
        self.button("step", "Step one pull", lambda: self.act("step"), primary=True)
        self.button("inside", "Inside a pull", lambda: self.act("inside"))
        self.button("run", "Run to the end", lambda: self.act("run"))
        self.button("restart", "Restart", lambda: self.act("restart"))
        self.button("reset", "Reset", lambda: self.act("reset"))
        self.switch("motion", "Play every moment of a pull", False)
        places = {"nowhere": ""} | {self._label(part): part.key for part in self.chain.state.parts}
        self.choice("place", "Set a failure in", places, "", more=True)
        self.choice("phase", "It fails", PHASES, "record", more=True)
        self.number("record", "At record", 1, 12, 7, more=True)
        self.choice("error", "With", list(ERRORS), "OSError", more=True)
        self.number("times", "How often in a run", 1, 3, 1, more=True)
        for name, label in PATTERNS.items():
            if build is None or name != "validation":
                self.switch(name, label, name in ("context", "validation"), more=True)
        if build is None:
            self.choice("spread", "Spread", list(SPREADS), "7.3", more=True)
        self.drawing.on_msg(self.guard(self._struck))
        self.assemble(self.drawing)
        self.children = [*self.children, self.events]

    @property
    def settings(self) -> ChainSettings:
        """The settings that the controls show."""
        get = {name: control.value for name, control in self.controls.items() if hasattr(control, "value")}
        faults: tuple[Fault, ...] = ()
        if get["place"]:
            phase = get["phase"]
            if phase == "record":
                phase = "write" if get["place"] == "sink" else "pull"
            at = get["record"] if phase in ("pull", "write") else None
            faults = (Fault(get["place"], phase, at, ERRORS[get["error"]]),) * get["times"]
        return ChainSettings(
            context=get["context"],
            retry=get["retry"],
            validation=get.get("validation", True),
            spread=get.get("spread", "7.3"),
            measure=get["measure"],
            faults=faults,
        )

    def act(self, action: str) -> None:
        """Do one action of the chain and show the result."""
        self.show(getattr(self.chain, action)(), moving=action in ("step", "run"))

    def strike(self, place: str) -> None:
        """Strike the part at `place`, or undo a strike."""
        self.chain.arm(place)
        self.show()

    def _struck(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if "strike" in content:
            self.strike(content["strike"])

    def refresh(self) -> None:
        """Begin again if the settings have changed."""
        self.drawing.motion = self.controls["motion"].value
        if self.settings != self.chain.settings:
            self.chain.reset(self.settings)
        self.show()

    def show(self, state: ChainState | None = None, moving: bool = False) -> None:
        """Send a state (default: the present one) to drawing, sentence, text form and log."""
        state = state or self.chain.state
        frames = self.chain.frames() if moving and self.drawing.motion else None
        self.drawing.state = message(state, frames)
        step = "Open the parts" if self.chain.opens else "Step one pull"
        if self.controls["step"].description != step:
            self.controls["step"].description = step
        # A click waits for the drawing, but not for the words and the log.
        self.give_way()
        logged, twin = record(state, self.chain.system), state.text()
        with self.voice.hold_sync():
            self.say(state.sentence, _mark(state))
            self.tell(twin)
        self.events.state = logged

    def close(self) -> None:
        """Close the pipeline, including leaked runs, and every model of the lab."""
        if sys.is_finalizing():
            # ipywidgets closes every widget when Python ends, when half of what that needs is gone.
            return
        self.guard(self.chain.close)()
        super().close()

    @staticmethod
    def _label(part: Any) -> str:
        return labelled(part.key, part.name)


def _mark(state: ChainState) -> str:
    if state.moment or not state.over:
        return ""
    left = any(resource.state == "left open" for part in state.parts for resource in part.resources)
    return "ok" if state.phase == "done" and not left else "fail"
