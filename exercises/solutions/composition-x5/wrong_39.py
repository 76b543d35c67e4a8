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
        with source, ExitStack() as stack:
            stream = stack.enter_context(closing(source.stream()))
            for stage in stages:
                stream = stack.enter_context(closing(stage.process(stream)))
            sink.__enter__()
            failure = None, None, None
            count = 0
            try:
                for record in stream:
                    sink.write(record)
                    count += 1
            except Exception as error:
                failure = type(error), error, error.__traceback__
                raise
            finally:
                sink.__exit__(*failure)
            return count

    def load(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        return retry(lambda: self.run(*self.build()))()
