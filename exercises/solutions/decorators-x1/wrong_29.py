def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        seconds, began, waiting = 0.0, clock(), False
        try:
            with closing(function(self)) as records:
                for record in records:
                    seconds, waiting = seconds + clock() - began, True
                    yield record
                    began, waiting = clock(), False
        finally:
            self.seconds = seconds if waiting else seconds + clock() - began
    return wrapper
