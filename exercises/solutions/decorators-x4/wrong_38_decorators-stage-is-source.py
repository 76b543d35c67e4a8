def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)

    @functools.wraps(function)
    def wrapper(self, *stream):
        # A source takes no stream. A stage is given its stream again at each attempt.
        yield from retryOnFailure(attempts, 0)(function)(self, *stream)
    return wrapper
