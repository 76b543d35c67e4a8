def measured(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self, stream):
        self.seconds, began = 0, clock()
        try:
            for record in function(self, stream):
                self.seconds += clock() - began
                try:
                    yield record
                finally:
                    began = clock()
        finally:
            self.seconds += clock() - began
    return wrapper
