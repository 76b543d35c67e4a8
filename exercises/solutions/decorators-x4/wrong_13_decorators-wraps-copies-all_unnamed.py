def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")
    retry = retryOnFailure(attempts, 0)(function)

    @functools.wraps(function)
    def wrapper(self):
        return retry(self)
    return wrapper
