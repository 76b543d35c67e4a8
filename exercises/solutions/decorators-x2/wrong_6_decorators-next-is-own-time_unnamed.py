def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        with closing(function(self, stream)) as records:
            while True:
                began = clock()
                try:
                    record = next(records)
                except StopIteration:
                    return
                finally:
                    self.seconds += clock() - began
                yield record
    return wrapper
