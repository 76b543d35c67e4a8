class retried:
    def __init__(self, function, attempts=3):
        self.function, self.attempts = function, attempts

    def __call__(self, source):
        delivered = 0
        for attempt in range(1, self.attempts + 1):
            with closing(self.function(source)) as stream:
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if attempt == self.attempts:
                        raise
