def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        type(self).seconds = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                type(self).seconds += clock() - began
            yield record
    return wrapper
