class timed:
    def __init__(self, function, clock=time.perf_counter):
        self.function, self.clock = function, clock
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
