class Retrying:
    def __init__(self, open_stream, attempts):
        self.open_stream, self.attempts = open_stream, attempts
        self.stream, self.sent, self.done = None, 0, False
    def __iter__(self):
        return self
    def __next__(self):
        if self.done:
            raise StopIteration
        while True:
            try:
                if self.stream is None:
                    self.stream = self.open_stream()
                    for _ in range(self.sent):
                        next(self.stream)
                record = next(self.stream)
                self.sent += 1
                return record
            except StopIteration:
                self.close()
                raise
            except OSError:
                if self.stream is not None:
                    self.stream.close()
                    self.stream = None
                self.attempts -= 1
                if self.attempts <= 0:
                    self.done = True
                    raise
            except BaseException:
                self.close()
                raise
    def close(self):
        self.done = True
        self.stream.close()
        self.stream = None
def retried(function, attempts=3):
    @functools.wraps(function)
    def wrapper(self):
        return Retrying(functools.partial(function, self), attempts)
    return wrapper
