def patient(attempts=3):
    def decorate(function):
        if len(inspect.signature(function).parameters) > 1:
            raise TypeError("a stage cannot be retried")
        return retryOnFailure(attempts, 0)(function)
    return decorate
