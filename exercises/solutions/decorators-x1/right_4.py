def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds, began, waiting = 0.0, clock(), False
        try:
            with closing(function(self)) as records:
                for record in records:
                    self.seconds, waiting = self.seconds + clock() - began, True
                    yield record
                    began, waiting = clock(), False
        finally:
            self.seconds += 0 if waiting else clock() - began
    return wrapper
