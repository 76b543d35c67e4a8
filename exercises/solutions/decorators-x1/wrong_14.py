def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        began = clock()
        for record in function(self):
            print(record)
        self.seconds = clock() - began
    return wrapper
