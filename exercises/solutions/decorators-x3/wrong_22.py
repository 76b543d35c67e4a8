class Retry:
    def __init__(self, opener, attempts):
        self.opener, Retry.left, self.delivered, self.stream = opener, attempts, 0, None

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            try:
                if self.stream is None:
                    Retry.left -= 1
                    self.stream = self.opener()
                    for _ in range(self.delivered):
                        next(self.stream)
                record = next(self.stream)
                self.delivered += 1
                return record
            except OSError:
                self.close()
                if self.left <= 0:
                    raise
            except BaseException:
                self.close()
                raise

    def close(self):
        if self.stream is not None:
            self.stream.close()
            self.stream = None


def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        return Retry(lambda: function(self), attempts)
    return wrapper
