"""What a notebook imports beside `lifecycle`: predictions, exercises, labs.

>>> from lessons import predict
>>> predict("leaks-p9000")  # doctest: +ELLIPSIS
There is no question 'leaks-p9000'. ...

Each name is loaded when it is first used, so the exercises also run where ipywidgets is missing.
"""

from importlib import import_module
from typing import Any

from lessons import browser

if browser.here():
    browser.attach()

_HOMES = {
    "after": "study.before_after",
    "again": "study.again",
    "answer": "study.predictions",
    "arrange": "study.arrange",
    "before": "study.before_after",
    "caught": "study.variants",
    "check": "study.checking",
    "course": "study.checking",
    "environment": "study.machine",
    "export": "study.report",
    "fold": "study.cards",
    "given": "study.checking",
    "predict": "study.predict",
    "progress": "study.report",
    "report": "lab.page",
    "reset": "study.report",
    "search": "study.guide",
    "way": "study.report",
    "DescriptorLab": "lab.widgets.assign",
    "ExitLab": "lab.widgets.exits",
    "FailureLab": "lab.widgets.failure",
    "FaultMap": "lab.widgets.faultmap",
    "LeakLab": "lab.widgets.leak",
    "MetricsLab": "lab.widgets.metrics",
    "RetryLab": "lab.widgets.attempts",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"lessons has no {name!r}; it has {', '.join(_HOMES)}")
    return getattr(import_module(f"lessons.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
