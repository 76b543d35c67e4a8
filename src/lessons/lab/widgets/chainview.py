"""The chain view: one SVG of a pipeline, fed by small messages, and the log under it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget  # type: ignore[import-untyped, unused-ignore]
import traitlets

from lessons.lab.experiments.chain import Box, ChainState
from lifecycle.ledger import System

_HERE = Path(__file__).parent
_LINES = 60  # lines from the end of the log: a message stays small, however long a run is


class ChainView(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Draws a `message`, and plays its frames if `motion` is on.

    Clicking a bolt sends ``{"strike": place}``.
    """

    _esm = (_HERE / "chainview.js").read_text(encoding="utf-8")
    _css = (_HERE / "chainview.css").read_text(encoding="utf-8")
    state = traitlets.Dict().tag(sync=True)
    motion = traitlets.Bool(False).tag(sync=True)


class EventLog(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """The last lines of a `ChainState`'s log, and the entries of the ledger; see `record`."""

    _esm = (_HERE / "eventlog.js").read_text(encoding="utf-8")
    state = traitlets.Dict().tag(sync=True)


def message(state: ChainState, frames: list[ChainState] | None = None) -> dict[str, Any]:
    """The data for drawing a state, and for the moments before it if they are played."""
    parts = [_part(part) for part in state.parts]
    loop = next(i for i, part in enumerate(state.parts) if part.key == "loop")
    links = [
        {
            "call": "write" if i == loop else "next",
            "pull": state.phase in ("new", "open"),
            "now": i in state.pulling,
            "record": state.token if i == state.link else "",
        }
        for i in range(len(parts) - 1)
    ]
    drawn: dict[str, Any] = {
        "parts": parts,
        "links": links,
        "accepted": state.accepted,
        "counted": "none" if state.counted is None else str(state.counted),
        "wrong": state.miscounted,
        "kept": _kept(state),
        "why": state.why,
        "moving": f"record {state.record}: {state.value}" if state.value else "",
        "mode": state.mode,
        "pool": {"slots": state.slots, "used": state.used, "left": state.leaked} if state.slots else None,
        "counts": f"files {state.files} · sockets {state.sockets}",
        "title": "The chain: " + ", ".join(part.name for part in state.parts),
    }
    if frames:
        drawn["frames"] = [message(frame) for frame in frames]
    return drawn


def record(state: ChainState, counted: System) -> dict[str, Any]:
    """The data for the log: a state, and the operating system's counts for its pipeline."""
    counts = f"files {counted.files:+d}, sockets {counted.sockets:+d}"
    return {
        "count": len(state.log),
        "log": list(state.log[-_LINES:]),
        "open": len(state.held),
        "held": [*state.held, f"the operating system's count, changed while this pipeline ran: {counts}"],
    }


def _part(part: Box) -> dict[str, Any]:
    stand = part.stand
    return {
        "key": part.key,
        "name": part.name,
        "call": part.call,
        "status": stand.status,
        "word": stand.word,
        "line": stand.line,
        "where": stand.where,
        "code": stand.code,
        "note": stand.note,
        "armed": part.armed,
        "struck": part.struck,
        "measured": f"measured: {part.measured}" if part.measured else "",
        "bolt": "on",
        "hint": "It fails at its next write" if part.key == "sink" else "It fails at its next pull",
        "resources": [{"name": held.name, "state": held.state, "mark": held.mark} for held in part.resources],
    }


def _kept(state: ChainState) -> str:
    if state.kept is None:
        return "unknown"
    return str(state.kept) if state.over or state.kept else "none yet"
