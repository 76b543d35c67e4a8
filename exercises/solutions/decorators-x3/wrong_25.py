def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        delivered = 0
        for attempt in range(1, attempts + 1):
            stream = function(self)
            try:
                for record in islice(stream, delivered, None):
                    delivered += 1
                    yield record
                return
            except OSError:
                if attempt == attempts:
                    raise
            finally:
                stream.close()
            time.sleep(0.05)
    return wrapper
