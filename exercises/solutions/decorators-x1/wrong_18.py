def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            self.seconds += clock() - began     # of each pull that gave a record
            yield record
    return wrapper
