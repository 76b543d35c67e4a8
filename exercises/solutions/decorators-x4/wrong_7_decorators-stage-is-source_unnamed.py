def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)

    @functools.wraps(function)
    def wrapper(self, *rest, **more):
        delivered = 0
        for attempt in range(1, attempts + 1):
            with closing(function(self, *rest, **more)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if attempt == attempts:
                        raise
    return wrapper
