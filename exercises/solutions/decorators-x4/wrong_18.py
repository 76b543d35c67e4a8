def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    need = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    if len(need) > 1:
        raise TypeError("stage")
    return retryOnFailure(attempts, 0)(function)
