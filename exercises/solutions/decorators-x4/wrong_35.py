def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")

    @functools.wraps(function)
    def wrapper(self):
        delivered = 0
        for attempt in range(1, attempts + 1):
            with closing(function(self)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except (OSError, EOFError):
                    if attempt == attempts:
                        raise

    return wrapper
