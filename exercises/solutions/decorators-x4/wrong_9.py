def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if "stream" in inspect.signature(function).parameters:
        raise TypeError("a stage cannot be retried")
    return retryOnFailure(attempts, 0)(function)
