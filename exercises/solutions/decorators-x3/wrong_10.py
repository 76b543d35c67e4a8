def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        delivered = 0
        for attempt in range(attempts):
            with closing(function(self)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    continue
    return wrapper
