def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")

    @functools.wraps(function)
    def wrapper(self):
        delivered = failures = 0
        while True:
            with closing(function(self)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        failures = 0
                        yield record
                    return
                except OSError:
                    failures += 1
                    if failures == attempts:
                        raise

    return wrapper
