def patient(function, attempts=3):
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")
    return retryOnFailure(attempts, 0)(function)
