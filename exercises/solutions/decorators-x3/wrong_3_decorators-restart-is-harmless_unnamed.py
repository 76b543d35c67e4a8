def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        for attempt in range(1, attempts + 1):
            with closing(function(self)) as stream:
                try:
                    yield from stream
                    return
                except OSError:
                    if attempt == attempts:
                        raise
    return wrapper
