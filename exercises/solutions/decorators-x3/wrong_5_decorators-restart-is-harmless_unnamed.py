def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self, left=attempts):
        with closing(function(self)) as stream:
            try:
                yield from stream
                return
            except OSError:
                if left == 1:
                    raise
        yield from wrapper(self, left - 1)
    return wrapper
