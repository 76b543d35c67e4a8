def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("patient is for stream(self) only")
    left = attempts

    @functools.wraps(function)
    def wrapper(self):
        nonlocal left
        delivered = 0
        while True:
            stream = function(self)
            try:
                for record in islice(stream, delivered, None):
                    delivered += 1
                    yield record
                return
            except OSError:
                left -= 1
                if left <= 0:
                    raise
            finally:
                if hasattr(stream, "close"):
                    stream.close()

    return wrapper
