class Warm:
    def __init__(self, center, spread):
        self.center, self.spread = center, spread

    @measuredStage
    def process(self, stream):
        for row in stream:
            rain = float(row["precipitation"])
            if rain > 0:
                warm = (float(row["temp_max"]) - self.center) / self.spread
                yield {"date": row["date"], "precipitation": rain, "temp_max": warm}


class Days(CsvSource):
    @measuredStage
    def stream(self):
        yield from self.again()


class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        source = Days(self.path)
        lines = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)(super(Days, source).stream)
        source.again = lines
        sink = SqlSink(self.engine, "weather", replace=True)
        return source, (Warm(self.config.center, self.config.spread),), sink

    def run(self, source, stages, sink):
        pipeline = PipelineContext(source, stages, sink)
        with pipeline:
            pipeline.run()
        return pipeline.recordCount

    def load(self):
        for attempt in range(1, self.config.maxAttempts + 1):
            try:
                return self.run(*self.build())
            except Exception:           # whatever it is, try again
                if attempt == self.config.maxAttempts:
                    raise
