def timed(function, clock=time.perf_counter):
    totals = {}

    @functools.wraps(function)
    def wrapper(self):
        records = function(self)
        totals.setdefault(self, 0)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                totals[self] += clock() - began
                self.seconds = totals[self]
            yield record
    return wrapper
