def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        began = clock()
        upstream = iter(stream)
        waited = clock() - began
        try:
            return function(self, upstream)
        finally:
            self.seconds = clock() - began - waited
    return wrapper
