def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)

    @functools.wraps(function)
    def wrapper(self, *stream):
        # A source takes no stream. A stage is given its stream again at each attempt.
        delivered = failures = 0
        while True:
            with closing(function(self, *stream)) as records:
                try:
                    for record in islice(records, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    failures += 1
                    if failures == attempts:
                        raise
    return wrapper
