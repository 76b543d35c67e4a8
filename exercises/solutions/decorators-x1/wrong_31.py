def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records, None)
            finally:
                self.seconds += clock() - began
            if record is None:
                return
            yield record
    return wrapper
