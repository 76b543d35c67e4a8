def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records, None)
            except OSError:
                record = None
            self.seconds += clock() - began
            if record is None:
                break
            yield record
    return wrapper
