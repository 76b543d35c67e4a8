"""nbgrader's settings for this course: the stubs of the release are the course's own."""

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

from classroom.release import Stubs

c = get_config()  # noqa: F821

# Everything as nbgrader has it, but for the stub that each answer cell gets.
c.GenerateAssignment.preprocessors = [
    Stubs if step is ClearSolutions else step for step in GenerateAssignment().preprocessors
]
