def timed(function, clock=time.perf_counter):
    seconds = 0

    @functools.wraps(function)
    def wrapper(self):
        nonlocal seconds
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                seconds += clock() - began
                self.seconds = seconds
            yield record
    return wrapper
