def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        skip = 0
        for attempt in range(1, attempts + 1):
            delivered = 0
            with closing(function(self)) as stream:
                try:
                    for record in islice(stream, skip, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if attempt == attempts:
                        raise
            skip = delivered
    return wrapper
