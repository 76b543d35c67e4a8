def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")
    delivered = failed = 0

    @functools.wraps(function)
    def wrapper(self):
        nonlocal delivered, failed
        while True:
            with closing(function(self)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    failed += 1
                    if failed == attempts:
                        raise
    return wrapper
