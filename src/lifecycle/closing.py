"""What a pipeline does when it closes, and when closing itself fails: go on closing, and lose no error."""


def closeAll(exits, reason):
    """Call every exit, last first. Return the reason, and the name and error of each exit that failed.

    `exits` holds names and functions like `__exit__`. Each receives the reason why the run failed, or three
    times `None`. If there is no reason yet, the first exit that fails gives one to those after it.
    """
    problems = []
    while exits:
        name, leave = exits.pop()
        try:
            if reason is None:
                leave(None, None, None)
            else:
                leave(type(reason), reason, reason.__traceback__)
        except BaseException as problem:
            if problem is not reason:  # a part that raises the error it received has not failed
                problems.append((name, problem))
            if reason is None:
                reason = problem
    return reason, problems


def mostImportant(runError, problems):
    """Return the error to raise: an interrupt while closing, else the run's own, else what failed to close.

    The other errors are added to it as notes. If only closing failed, several errors become a group.
    """
    errors = [problem for _, problem in problems]
    interrupts = [problem for problem in errors if not isinstance(problem, Exception)]
    if interrupts:
        chosen = interrupts[0]
    elif runError is not None:
        chosen = runError
    elif len(errors) == 1:
        chosen = errors[0]
    else:
        return ExceptionGroup("several parts failed to close", errors)
    for name, problem in [("the run", runError), *problems]:
        if problem is not None and problem is not chosen:
            chosen.add_note(f"{name} failed as well: {describe(problem)}")
    return chosen


def describe(error):
    """Return an exception as one line of text: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    if not lines:
        return type(error).__name__
    return f"{type(error).__name__}: {lines[0]}"
