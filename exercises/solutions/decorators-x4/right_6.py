def patient(*args, attempts=3):
    if not args:
        return functools.partial(patient, attempts=attempts)
    function, = args
    if list(inspect.signature(function).parameters) != ["self"]:
        raise TypeError("only for stream(self)")
    return retryOnFailure(attempts, 0)(function)
