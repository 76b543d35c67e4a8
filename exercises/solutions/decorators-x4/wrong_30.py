def patient(function=None):
    if function is None:
        return patient
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("a stage cannot be retried")
    return retryOnFailure(3, 0)(function)
