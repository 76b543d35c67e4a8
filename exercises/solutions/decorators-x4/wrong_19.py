def patient(function=None, *, attempts=3):
    if function is None:
        return functools.partial(patient, attempts=attempts)
    if len(inspect.signature(function).parameters) > 1:
        raise TypeError("stage")
    @functools.wraps(function)
    def wrapper(self):
        done = 0
        for attempt in range(attempts):
            try:
                for record in islice(function(self), done, None):
                    done += 1
                    yield record
                return
            except OSError as e:
                print("failed", e)
    return wrapper
