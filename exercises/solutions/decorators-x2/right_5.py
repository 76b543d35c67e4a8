from lifecycle import measuredStage


def measured(function, clock=time.perf_counter):
    inner = measuredStage(function, clock=clock)

    @functools.wraps(function)
    def wrapper(self, stream):
        with closing(inner(self, stream)) as records:
            try:
                yield from records
            finally:
                records.close()
                self.seconds = self.metrics.seconds
    return wrapper
