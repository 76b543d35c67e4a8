class measured:
    def __init__(self, function, clock=time.perf_counter):
        self.function, self.clock = function, clock
    def __call__(self, owner, stream):
        owner.seconds = 0
        clock = self.clock
        def pulled(records, sign):
            while True:
                began = clock()
                try:
                    record = next(records)
                except StopIteration:
                    break
                finally:
                    owner.seconds += sign * (clock() - began)
                yield record
        yield from pulled(self.function(owner, pulled(iter(stream), -1)), 1)
