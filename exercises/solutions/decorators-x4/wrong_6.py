def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    return retryOnFailure(attempts, 0)(function)
