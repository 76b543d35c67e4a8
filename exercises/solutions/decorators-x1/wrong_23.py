class TimedStream:
    def __init__(self, part, records, clock):
        self.part, self.records, self.clock = part, records, clock
        part.seconds = 0

    def __iter__(self):
        return self

    def __next__(self):
        began = self.clock()
        try:
            return next(self.records)
        finally:
            self.part.seconds += self.clock() - began


def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        return TimedStream(self, function(self), clock)
    return wrapper
