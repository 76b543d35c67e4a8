def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        upstream = iter(stream)

        def watched():
            while True:
                left = clock()
                try:
                    record = next(upstream)
                except StopIteration:
                    return
                finally:
                    self.seconds -= clock() - left
                yield record

        began = clock()
        try:
            yield from function(self, watched())
        finally:
            self.seconds += clock() - began
    return wrapper
