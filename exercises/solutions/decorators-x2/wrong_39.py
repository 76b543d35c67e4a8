def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        upstream = iter(stream)

        def watched():
            while True:
                left = clock()
                try:
                    record = next(upstream)
                except StopIteration:
                    return
                finally:
                    self.seconds -= clock() - left
                yield record

        records = function(self, watched())
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            except BaseException as error:
                raise error from None
            finally:
                self.seconds += clock() - began
            yield record
    return wrapper
