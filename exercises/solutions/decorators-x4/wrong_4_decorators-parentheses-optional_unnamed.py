def patient(function=None, *, attempts=None):
    def decorate(function):
        if len(inspect.signature(function).parameters) > 1:
            raise TypeError("a stage cannot be retried")
        return retryOnFailure(attempts or 3, 0)(function)
    if attempts is None:
        return decorate(function)
    return decorate
