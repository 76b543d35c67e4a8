class patient:
    def __new__(cls, function=None, attempts=3):
        made = super().__new__(cls)
        made.attempts = attempts
        return made if function is None else made(function)

    def __call__(self, function):
        extra = list(inspect.signature(function).parameters)[1:]
        if extra:
            raise TypeError(f"{function.__qualname__} is a stage: it takes {extra[0]}")
        return retryOnFailure(self.attempts, 0)(function)

    def __init__(self, function=None, attempts=3):
        pass
