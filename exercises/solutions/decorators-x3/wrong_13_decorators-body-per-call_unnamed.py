def retried(function, attempts=3):
    delivered = 0

    @functools.wraps(function)
    def wrapper(self):
        nonlocal delivered
        for attempt in range(1, attempts + 1):
            with closing(function(self)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if attempt == attempts:
                        raise
    return wrapper
