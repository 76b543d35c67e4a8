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
        count, streams = 0, []
        source.__enter__()
        try:
            sink.__enter__()
            streams.append(source.stream())
            for stage in stages:
                streams.append(stage.process(streams[-1]))
            for record in streams[-1]:
                sink.write(record)
                count += 1
        except BaseException as error:
            for stream in reversed(streams):
                stream.close()
            sink.__exit__(type(error), error, None)
            source.__exit__(type(error), error, None)
            raise
        sink.__exit__(None, None, None)
        source.__exit__(None, None, None)
        return count

    def load(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        return retry(lambda: self.run(*self.build()))()
