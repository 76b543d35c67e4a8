def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        delivered = 0
        for attempt in range(1, attempts + 1):
            stream = function(self)         # the one before has no name any more
            try:
                for record in islice(stream, delivered, None):
                    delivered += 1
                    yield record
                return
            except OSError:
                if attempt == attempts:
                    raise
    return wrapper
