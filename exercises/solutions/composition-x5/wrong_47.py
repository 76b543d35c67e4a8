class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config
        self.count = 0

    def build(self):
        config = self.config
        retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
        source = CsvSource(self.path)
        source.stream = measuredStage(retry(source.stream))
        stages = [
            Parse(precipitation=float, temp_max=float),
            Filter(lambda day: day["precipitation"] > 0),
            Normalise("temp_max", config.center, config.spread),
        ]
        for stage in stages:
            stage.process = measuredStage(stage.process)
        return source, stages, SqlSink(self.engine, "weather", replace=True)

    def run(self, source, stages, sink):
        with PipelineContext(source, stages, sink) as pipeline:
            for _ in pipeline.stream():
                self.count += 1
        return self.count

    def load(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        return retry(lambda: self.run(*self.build()))()
