def patient(function=None, *, attempts=3):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*given):
            delivered = 0
            for left in range(attempts - 1, -1, -1):
                with closing(function(*given)) as stream:
                    try:
                        for record in islice(stream, delivered, None):
                            delivered += 1
                            yield record
                        return
                    except OSError:
                        if not left:
                            raise
        return wrapper
    return decorate(function) if function else decorate
