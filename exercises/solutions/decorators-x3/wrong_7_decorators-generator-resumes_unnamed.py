def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        with closing(function(self)) as stream:
            for attempt in range(1, attempts + 1):
                try:
                    yield from stream
                except OSError:
                    if attempt == attempts:
                        raise
    return wrapper
