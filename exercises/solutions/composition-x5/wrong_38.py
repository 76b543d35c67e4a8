class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config
        self.policy = retryOnFailure(max(3, config.maxAttempts), config.delaySeconds)

    def build(self):
        config = self.config
        source = CsvSource(self.path)
        source.stream = measuredStage(self.policy(source.stream))
        stages = [
            Parse(date=date.fromisoformat, precipitation=float, temp_max=float),
            Filter(lambda day: day["precipitation"] > 0),
            Normalise("temp_max", config.center, config.spread),
        ]
        for stage in stages:
            stage.process = measuredStage(stage.process)
        return source, stages, SqlSink(self.engine, "weather", replace=True)

    def run(self, source, stages, sink):
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()

    def load(self):
        return self.policy(lambda: self.run(*self.build()))()
