def retried(function, attempts=3):
    left = attempts

    @functools.wraps(function)
    def wrapper(self):
        nonlocal left
        delivered = 0
        while True:
            with closing(function(self)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    left -= 1
                    if left <= 0:
                        raise
    return wrapper
