def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        wrapper.seconds = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                wrapper.seconds += clock() - began
            yield record
    return wrapper
