def timed(function, clock=time.perf_counter):
    @functools.wraps(function)
    def wrapper(self):
        self.seconds, began = 0, clock()    # from here on the source is at work
        def pulled(began):
            try:
                for record in function(self):
                    self.seconds += clock() - began
                    try:
                        yield record
                    finally:
                        began = clock()
            finally:
                self.seconds += clock() - began
        return pulled(began)
    return wrapper
