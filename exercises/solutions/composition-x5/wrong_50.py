class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        config = self.config
        source = CsvSource(self.path)
        retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
        source.stream = measuredStage(retry(source.stream))
        stages = [
            Parse(precipitation=float, temp_max=float),
            Filter(lambda day: day["precipitation"] > 0),
            Normalise("temp_max", center=config.center, spread=config.spread),
        ]
        for stage in stages:
            stage.process = measuredStage(stage.process)
        return source, stages, SqlSink(self.engine, "weather", replace=True)

    def run(self, source, stages, sink):
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()

    def load(self):
        for attempt in range(1, self.config.maxAttempts + 1):
            try:
                return self.run(*self.build())
            except Exception:
                if attempt == self.config.maxAttempts:
                    raise
