def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        upstream = iter(stream)

        def watched():
            for record in upstream:
                here = clock()
                yield record
                self.seconds -= clock() - here      # back again: the stage has worked

        records = function(self, watched())
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                self.seconds += clock() - began
            yield record
    return wrapper
