def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds = 0
        upstream = iter(stream)

        def watched():
            left = clock()
            try:
                for record in upstream:
                    self.seconds -= clock() - left
                    try:
                        yield record
                    finally:
                        left = clock()
            finally:
                self.seconds -= clock() - left

        records = function(self, watched())
        began = clock()                     # from here on the stage is at work

        def pulled(began):
            try:
                for record in records:
                    self.seconds += clock() - began
                    try:
                        yield record
                    finally:
                        began = clock()
            finally:
                self.seconds += clock() - began

        return pulled(began)
    return wrapper
