def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        upstream = iter(stream)

        def watched():
            while True:
                left = time.perf_counter()
                try:
                    record = next(upstream)
                except StopIteration:
                    return
                finally:
                    self.seconds -= time.perf_counter() - left
                yield record

        records = function(self, watched())
        while True:
            began = time.perf_counter()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                self.seconds += time.perf_counter() - began
            yield record
    return wrapper
