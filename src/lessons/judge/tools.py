"""The tools by which checks see what is open: an answer that replaced them does not blind a check."""

from __future__ import annotations

import types

from lifecycle import faults, ledger
from lifecycle.probe import Injected, Probe, Watched

# As they are before any answer runs.
_ROOMS = faults, faults.Once, ledger, Probe, Injected, Watched
_TOOLS = [(room, name, value) for room in _ROOMS for name, value in vars(room).items()
          if isinstance(value, types.FunctionType)]  # fmt: skip


def restore() -> None:
    """Put the tools that count leaks in their places."""
    for room, name, value in _TOOLS:
        setattr(room, name, value)
