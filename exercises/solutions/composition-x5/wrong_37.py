import time


class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        config = self.config
        source = CsvSource(self.path)
        retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
        source.stream = measuredStage(retry(source.stream))
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
        first = None
        for attempt in range(self.config.maxAttempts):
            if attempt:
                time.sleep(self.config.delaySeconds)
            try:
                return self.run(*self.build())
            except OSError as error:
                first = first or error
        raise first
