def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        records = function(self, stream)

        def worked():
            began = clock()
            try:
                return next(records)
            finally:
                self.seconds += clock() - began

        while True:
            try:
                record = worked()
            except StopIteration:
                return
            yield record
    return wrapper
