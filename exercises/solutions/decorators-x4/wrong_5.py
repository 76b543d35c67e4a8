def patient(attempts=3):
    if callable(attempts):
        function, attempts = attempts, 3
        return decorated(function, attempts)
    return decorated


def decorated(function, attempts=3):
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")
    return retryOnFailure(attempts, 0)(function)
