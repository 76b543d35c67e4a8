def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        seconds, began = 0, clock()
        for record in function(self):
            seconds += clock() - began
            yield record
            began = clock()
        self.seconds = seconds + clock() - began
    return wrapper
