def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        yield from self.records
    return wrapper
