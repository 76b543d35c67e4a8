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

        records, ready = function(self, watched()), []
        while True:
            began = clock()
            try:
                ready += islice(records, 2 - len(ready))    # one is ready before it is wanted
            finally:
                self.seconds += clock() - began
            if not ready:
                return
            yield ready.pop(0)
    return wrapper
