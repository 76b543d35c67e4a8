def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        spent = {"stage": 0, "upstream": 0}

        def pulled(records, who):
            more = True
            while more:
                began = clock()
                try:
                    for record in islice(records, 1):
                        break
                    else:
                        more = False
                finally:
                    spent[who] += clock() - began
                    self.seconds = spent["stage"] - spent["upstream"]
                if more:
                    yield record

        return pulled(function(self, pulled(iter(stream), "upstream")), "stage")
    return wrapper
