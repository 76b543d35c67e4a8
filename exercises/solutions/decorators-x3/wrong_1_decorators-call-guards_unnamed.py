def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        for attempt in range(1, attempts + 1):
            try:
                return function(self)
            except OSError:
                if attempt == attempts:
                    raise
    return wrapper
