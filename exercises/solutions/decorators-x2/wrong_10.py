def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        stream = list(stream)           # the upstream is done; now the stage
        records = function(self, iter(stream))
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
