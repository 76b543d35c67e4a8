"""What instructors use: make a course, release it, grade it, report on it.

nbgrader keeps source, release, gradebook, feedback and the form grader; this package adds what it lacks.
It comes with the extra `classroom`; students need none of it.
"""
