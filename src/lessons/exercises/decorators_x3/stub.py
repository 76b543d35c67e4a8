def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        # TODO: after an `OSError` call `function` again: each record once, and no attempt left open.
        stream = function(self)
        for record in stream:
            yield record
    return wrapper
