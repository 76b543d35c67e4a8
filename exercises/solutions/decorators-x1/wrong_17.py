def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        seconds = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                print(f"{function.__name__}: {seconds} seconds")
                return
            finally:
                seconds += clock() - began
            yield record
    return wrapper
