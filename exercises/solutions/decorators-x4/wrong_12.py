def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    retry = retryOnFailure(attempts, 0)(function)

    @functools.wraps(function)
    def wrapper(self, *rest):
        if rest:
            raise TypeError("a stage cannot be retried")
        yield from retry(self)
    return wrapper
