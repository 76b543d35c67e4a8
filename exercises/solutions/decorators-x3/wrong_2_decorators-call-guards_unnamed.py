def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        for attempt in range(1, attempts + 1):
            try:
                stream = function(self)
            except OSError:
                if attempt == attempts:
                    raise
            else:
                break
        with closing(stream):
            yield from stream
    return wrapper
