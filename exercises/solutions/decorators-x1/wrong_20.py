def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records, ready = function(self), []
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
