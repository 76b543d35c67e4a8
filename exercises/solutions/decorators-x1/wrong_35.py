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
                self.seconds += clock() - began
                return
            except (OSError, KeyboardInterrupt):
                self.seconds += clock() - began
                raise
            self.seconds += clock() - began
            yield record
    return wrapper
