class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        config = self.config
        source = CsvSource(self.path)
        source.stream = self.again(measuredStage(source.stream))
        stages = [
            Parse(precipitation=float, temp_max=float),
            Filter("precipitation"),
            Normalise("temp_max", config.center, config.spread),
        ]
        for stage in stages:
            stage.process = measuredStage(stage.process)
        return source, stages, SqlSink(self.engine, "weather", replace=True)

    def run(self, source, stages, sink):
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()

    def load(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        return retry(lambda: self.run(*self.build()))()

    def again(self, stream):
        attempts = self.config.maxAttempts

        def opened():
            for attempt in range(1, attempts + 1):
                try:
                    yield from stream()     # from the top: the same file, the same days
                    return
                except OSError:
                    if attempt == attempts:
                        raise

        return opened
