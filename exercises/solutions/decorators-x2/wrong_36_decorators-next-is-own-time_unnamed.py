class Work:
    """The records of a stage; each `next` is the stage's own work."""

    def __init__(self, stage, records, clock):
        self.stage, self.records, self.clock = stage, records, clock

    def __iter__(self):
        return self

    def __next__(self):
        began = self.clock()
        try:
            return next(self.records)
        finally:
            self.stage.seconds += self.clock() - began

    def close(self):
        self.records.close()


def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        return Work(self, function(self, stream), clock)
    return wrapper
