def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds = 0
        records = function(self)
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            except OSError as error:
                raise OSError(*error.args) from None
            finally:
                self.seconds += clock() - began
            yield record
    return wrapper
