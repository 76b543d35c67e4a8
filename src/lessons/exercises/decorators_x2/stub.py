def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        upstream = iter(stream)

        def watched():
            # TODO: yield each record of `upstream`, and subtract its time from `self.seconds`.
            yield from upstream

        records = function(self, watched())
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                self.seconds += clock() - began
            yield record
    return wrapper
