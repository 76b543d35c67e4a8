def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        total = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                total += clock() - began
                if total:
                    self.seconds = total
                return
            except BaseException:
                self.seconds = total + clock() - began
                raise
            total += clock() - began
            self.seconds = total
            yield record
    return wrapper
