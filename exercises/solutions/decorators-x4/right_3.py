def patient(attempts=3):
    if callable(attempts):
        return patient()(attempts)

    def decorate(function):
        names = list(inspect.signature(function).parameters)
        if names != ["self"]:
            raise TypeError(f"@patient is for stream(self), and this one takes {names}")
        retry = retryOnFailure(attempts, 0)(function)

        @functools.wraps(function)
        def wrapper(self):
            yield from retry(self)
        return wrapper
    return decorate
