class timed:
    def __init__(self, function, clock=time.perf_counter):
        self.function, self.clock = function, clock
        functools.update_wrapper(self, function)
    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return functools.partial(self, instance)
    def __call__(self, instance):
        instance.seconds = 0
        records = self.function(instance)
        while True:
            began = self.clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                instance.seconds += self.clock() - began
            yield record
