"""Predictions, progress and the field guide: the student's side of a lesson."""

from lessons.study.hook import attach as _attach

# In a notebook the reply to a prediction appears below the cell that shows the truth.
_attach()
