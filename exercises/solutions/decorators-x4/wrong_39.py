def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if function.__name__ != 'stream':
        raise TypeError(f"{function.__name__} is a stage, and its stream can be spent: retry the source")
    return retryOnFailure(maxAttempts=attempts, delaySeconds=0)(function)
