def patient(function=None, *, attempts=3):
    def decorate(function):
        code = function.__code__
        several = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
        if code.co_argcount + code.co_kwonlyargcount != 1 or code.co_flags & several:
            raise TypeError("a stage cannot be retried: its stream is spent after a failure")

        @functools.wraps(function)
        def wrapper(self):
            delivered = 0
            for attempt in range(1, attempts + 1):
                with closing(function(self)) as stream:
                    try:
                        for record in islice(stream, delivered, None):
                            delivered += 1
                            yield record
                        return
                    except OSError:
                        if attempt == attempts:
                            raise
        return wrapper
    return decorate if function is None else decorate(function)
