from contextlib import contextmanager


@contextmanager
def stopwatch(part, clock):
    began = clock()
    try:
        yield
    finally:
        part.seconds = clock() - began


def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        with stopwatch(self, clock):
            records = function(self)
        yield from records
    return wrapper
