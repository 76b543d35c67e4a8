def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(*args, **settings):
        delivered = 0

        def attempt():
            nonlocal delivered
            with closing(function(*args, **settings)) as stream:
                for _ in range(delivered):
                    next(stream, None)
                for record in stream:
                    delivered += 1
                    yield record

        for _ in range(attempts - 1):
            try:
                yield from attempt()
                return
            except OSError:
                continue
        yield from list(attempt())
    return wrapper
