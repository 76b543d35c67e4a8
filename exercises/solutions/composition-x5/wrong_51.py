from lifecycle import PipelineContext, measuredStage, retryOnFailure
from lifecycle.sinks import SqlSink
from lifecycle.sources import CsvSource
from lifecycle.stages import Filter, Normalise, Parse


class Night:
    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = path, engine, config

    def build(self):
        config = self.config
        source = CsvSource(self.path)
        stages = [
            Parse(precipitation=float, temp_max=float),
            Filter(lambda day: day["precipitation"] > 0),
            Normalise("temp_max", config.center, config.spread),
        ]
        retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
        source.stream = measuredStage(retry(source.stream))
        for stage in stages:
            stage.process = measuredStage(stage.process)
        return source, stages, SqlSink(self.engine, "weather", replace=True)

    def run(self, source, stages, sink):
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()

    def load(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        try:
            return retry(lambda: self.run(*self.build()))()
        except TimeoutError as error:
            tries = self.config.maxAttempts
            raise TimeoutError(f"the table is still locked after {tries} attempts") from error
