def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        seen = []
        for attempt in range(1, attempts + 1):
            with closing(function(self)) as stream:
                try:
                    for record in stream:
                        if attempt == 1 or record not in seen:
                            seen.append(record)
                            yield record
                    return
                except OSError:
                    if attempt == attempts:
                        raise
    return wrapper
