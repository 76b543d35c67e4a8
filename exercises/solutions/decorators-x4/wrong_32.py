def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if function.__code__.co_argcount > 1:
        raise TypeError(f"{function.__name__} takes something besides self")
    return retryOnFailure(maxAttempts=attempts, delaySeconds=0)(function)
