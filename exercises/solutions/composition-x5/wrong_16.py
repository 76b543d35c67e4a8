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
        source, stages, sink = self.build()
        with source:
            days = list(source.stream())
        count = 0
        for at in range(0, len(days), 3):           # a few days at a time
            part = Part(days[at:at + 3])
            table = SqlSink(self.engine, "weather", replace=at == 0)
            retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
            count += retry(lambda: self.run(part, self.build()[1], table))()
        return count


class Part:
    def __init__(self, days):
        self.days = days

    def stream(self):
        yield from self.days
