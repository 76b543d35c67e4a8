"""The lab: experiments (settings in, outcome out), figures, and the widgets that show them.

The widgets are imported when they are first asked for: the experiments run where ipywidgets is missing.
"""

from importlib import import_module
from typing import Any

_WIDGETS = {
    "DescriptorLab": "assign",
    "ExitLab": "exits",
    "FailureLab": "failure",
    "FaultMap": "faultmap",
    "LeakLab": "leak",
    "MetricsLab": "metrics",
    "RetryLab": "attempts",
}

__all__ = ["DescriptorLab", "ExitLab", "FailureLab", "FaultMap", "LeakLab", "MetricsLab", "RetryLab"]


def __getattr__(name: str) -> Any:
    if name not in _WIDGETS:
        known = ", ".join(sorted(_WIDGETS))
        raise AttributeError(f"lifecycle.lab has no {name!r}; its widgets are {known}")
    return getattr(import_module(f"lifecycle.lab.widgets.{_WIDGETS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WIDGETS})
