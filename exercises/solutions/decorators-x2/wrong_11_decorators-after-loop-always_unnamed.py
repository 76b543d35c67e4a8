def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        upstream, waited, worked = iter(stream), [], 0

        def watched():
            left = clock()
            for record in upstream:
                waited.append(clock() - left)
                yield record
                left = clock()
            waited.append(clock() - left)

        records = function(self, watched())
        began = clock()
        for record in records:
            worked += clock() - began
            yield record
            began = clock()
        self.seconds = worked + clock() - began - sum(waited)
    return wrapper
