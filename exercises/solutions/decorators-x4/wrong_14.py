def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")

    def wrapper(self):
        yield from retryOnFailure(attempts, 0)(function)(self)
    return wrapper
