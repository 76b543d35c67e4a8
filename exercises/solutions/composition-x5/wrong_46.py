class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        source = CsvSource(self.path)
        source.stream = measuredStage(retry(source.stream))
        stages = [
            Parse(precipitation=float, temp_max=float),
            Filter(lambda day: day["precipitation"] > 0),
        ]
        if self.config.center:
            stages.append(Normalise("temp_max", self.config.center, self.config.spread))
        for stage in stages:
            stage.process = measuredStage(stage.process)
        sink = SqlSink(self.engine, "weather", replace=True)
        return source, stages, sink

    def run(self, source, stages, sink):
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()

    def load(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        return retry(lambda: self.run(*self.build()))()
