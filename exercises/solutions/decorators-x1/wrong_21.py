def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records, before = function(self), None
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                self.seconds += clock() - began
            if record != before:
                yield record
            before = record
    return wrapper
