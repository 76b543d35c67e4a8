def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        began = clock()
        try:
            records = [*function(self)]
        finally:
            self.seconds = clock() - began
        yield from records
    return wrapper
