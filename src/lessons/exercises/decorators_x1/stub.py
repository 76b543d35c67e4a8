def timed(function, clock=time.perf_counter):
    # TODO: it reads 0 seconds for every source. Fix it: be there while records are pulled.
    @functools.wraps(function)
    def wrapper(self):
        began = clock()
        records = function(self)
        self.seconds = clock() - began
        return records
    return wrapper
