"""What instructors use: make a course, release it, grade it, report on it.

nbgrader provides source, release, gradebook, feedback and the form grader. This package adds what nbgrader
lacks. It comes with the extra `classroom`; students do not need it.
"""
