def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records = function(self)
        while True:
            failure = None
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            except BaseException as error:
                failure = error
            finally:
                self.seconds += clock() - began
            if failure is not None:
                raise failure from None
            yield record
    return wrapper
