def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        began = clock()
        try:
            records = list(function(self))
        finally:
            self.seconds = clock() - began
        return iter(records)
    return wrapper
