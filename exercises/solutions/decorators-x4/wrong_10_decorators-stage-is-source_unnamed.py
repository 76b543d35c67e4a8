def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if not inspect.isgeneratorfunction(function):
        raise TypeError(f"{function.__name__} has no stream that could be retried")
    return retryOnFailure(attempts, 0)(function)
