"""nbgrader's settings for this course: its own stubs, and a form grader in which no submission runs."""

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

from classroom.formgrader import protect
from classroom.release import Stubs

c = get_config()  # noqa: F821

# Everything as nbgrader has it, but for the stub that each answer cell gets.
c.GenerateAssignment.preprocessors = [
    Stubs if step is ClearSolutions else step for step in GenerateAssignment().preprocessors
]

# What a submission shows is shown without its scripts, and with what a good answer holds: keep this line.
protect(c, __file__)
