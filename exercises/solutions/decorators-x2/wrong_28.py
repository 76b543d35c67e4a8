def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        began = clock()
        records = list(stream)
        waited = clock() - began
        try:
            records = list(function(self, iter(records)))
        finally:
            self.seconds = clock() - began - waited
        return iter(records)
    return wrapper
