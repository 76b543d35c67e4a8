def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        # TODO: after an `OSError`, call `function` again. Yield each record once; close each attempt.
        stream = function(self)
        for record in stream:
            yield record
    return wrapper
