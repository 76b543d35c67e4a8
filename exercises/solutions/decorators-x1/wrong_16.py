def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records = function(self)
        while True:
            began = time.perf_counter()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                self.seconds += time.perf_counter() - began
            yield record
    return wrapper
