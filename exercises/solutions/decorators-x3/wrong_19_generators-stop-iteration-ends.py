def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        delivered = 0
        for attempt in range(1, attempts + 1):
            with closing(function(self)) as stream:
                try:
                    for _ in range(delivered):
                        next(stream)
                    while True:
                        record = next(stream)
                        delivered += 1
                        yield record
                except OSError:
                    if attempt == attempts:
                        raise
    return wrapper
