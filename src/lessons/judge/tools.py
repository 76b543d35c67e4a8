"""The tools by which checks see what is open: an answer that replaced them does not blind a check."""

from __future__ import annotations

import types

from lifecycle import faults, ledger
from lifecycle.probe import Probe

# As they are before any answer runs.
_TOOLS = [(room, name, value) for room in (faults, ledger, Probe) for name, value in vars(room).items()
          if isinstance(value, types.FunctionType)]  # fmt: skip


def restore() -> None:
    """Put the tools that count leaks in their places."""
    for room, name, value in _TOOLS:
        setattr(room, name, value)
