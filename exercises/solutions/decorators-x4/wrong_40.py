_kept = {"attempts": 3}
def patient(function=None, *, attempts=3):
    if function is None:
        _kept["attempts"] = attempts
        return lambda function: patient(function, attempts=_kept["attempts"])
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError(f"{function.__name__} is a stage")
    return retryOnFailure(maxAttempts=attempts, delaySeconds=0)(function)
