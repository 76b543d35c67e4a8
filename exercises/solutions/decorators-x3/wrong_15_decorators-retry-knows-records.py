def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        seen = []
        for attempt in range(attempts):
            try:
                with closing(function(self)) as s:
                    for r in s:
                        if r not in seen:
                            seen.append(r)
                            yield r
                return
            except OSError:
                if attempt == attempts - 1:
                    raise
    return wrapper
