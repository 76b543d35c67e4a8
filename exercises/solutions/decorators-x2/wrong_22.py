class Stopwatch:
    """Times each pull of a stream."""

    def __init__(self, stream, clock):
        self.stream, self.clock, self.seconds = iter(stream), clock, 0

    def __iter__(self):
        return self

    def __next__(self):
        began = self.clock()
        try:
            return next(self.stream)
        finally:
            self.seconds += self.clock() - began


def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        upstream = Stopwatch(stream, clock)
        whole = Stopwatch(function(self, upstream), clock)
        try:
            yield from whole
        finally:
            type(self).seconds = whole.seconds - upstream.seconds
    return wrapper
