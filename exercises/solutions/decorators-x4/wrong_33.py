def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    spec = inspect.getfullargspec(function)
    if len(spec.args) > 1 or spec.varargs or spec.varkw:
        raise TypeError(f"{function.__qualname__} is no stream(self): it cannot be retried")
    return retryOnFailure(maxAttempts=attempts, delaySeconds=0)(function)
