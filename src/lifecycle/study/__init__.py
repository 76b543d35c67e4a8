"""Predictions, exercises and progress: the student's side of a lesson.

>>> from lifecycle.study import predict
>>> predict("leaks-p9000")  # doctest: +ELLIPSIS
There is no question 'leaks-p9000'. ...
"""

from lifecycle.study.cards import fold
from lifecycle.study.exercising import check, course, given
from lifecycle.study.guide import search
from lifecycle.study.hook import attach as _attach
from lifecycle.study.machine import environment
from lifecycle.study.predictions import answer, predict
from lifecycle.study.report import export, progress, reset

__all__ = ["answer", "check", "course", "environment", "export", "fold", "given", "predict", "progress",
           "reset", "search"]  # fmt: skip

# In a notebook the reply to a prediction appears under the cell that shows the truth.
_attach()
