def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")

    @functools.wraps(function)
    def wrapper(self):
        for attempt in range(1, attempts + 1):
            try:
                return function(self)
            except OSError:
                if attempt == attempts:
                    raise
    return wrapper
