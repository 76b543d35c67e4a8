def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        began = clock()
        try:
            yield from function(self)
        finally:
            self.seconds = clock() - began
    return wrapper
