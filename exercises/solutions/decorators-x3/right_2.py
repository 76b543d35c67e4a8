def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        delivered, left = 0, attempts
        while True:
            left -= 1
            with closing(function(self)) as stream:
                try:
                    for number, record in enumerate(stream, start=1):
                        if number > delivered:
                            delivered = number
                            yield record
                    break
                except OSError:
                    if not left:
                        raise
    return wrapper
