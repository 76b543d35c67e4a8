class patient:
    """A decorator."""
    def __new__(cls, function=None, *, attempts=3):
        if function is None:
            return lambda f: cls(f, attempts=attempts)
        names = list(inspect.signature(function).parameters)
        if len(names) != 1:
            raise TypeError("patient is for a source")
        return retryOnFailure(attempts, 0)(function)
