def patient(function=None, *, attempts=3):
    if function is None:
        return patient
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")
    return retryOnFailure(attempts, 0)(function)
