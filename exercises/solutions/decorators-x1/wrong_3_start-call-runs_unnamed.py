def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        began = clock()
        records = function(self)            # comes back with the first record ready
        self.seconds = clock() - began
        record = next(records)
        while True:
            yield record
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                self.seconds += clock() - began
    return wrapper
