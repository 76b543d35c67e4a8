def measured(function, clock=time.perf_counter):
    figures = {"seconds": 0}

    def pulled(self, records, sign):
        while True:
            began = clock()
            try:
                record = next(records)
            except StopIteration:
                return
            finally:
                figures["seconds"] += sign * (clock() - began)
                self.seconds = figures["seconds"]
            yield record

    @functools.wraps(function)
    def wrapper(self, stream):
        figures["seconds"] = 0
        yield from pulled(self, function(self, pulled(self, iter(stream), -1)), 1)
    return wrapper
