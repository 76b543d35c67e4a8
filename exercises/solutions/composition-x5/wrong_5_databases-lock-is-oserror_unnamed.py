class Table:
    def __init__(self, engine):
        self.block = engine.begin()

    def __enter__(self):
        self.connection = self.block.__enter__()
        try:
            self.connection.exec_driver_sql("delete from weather")
        except BaseException as error:
            self.block.__exit__(type(error), error, None)
            raise

    def write(self, record):
        row = tuple(record.values())
        self.connection.exec_driver_sql("insert into weather values (?, ?, ?)", row)

    def __exit__(self, *reason):
        return self.block.__exit__(*reason)


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
        return source, stages, Table(self.engine)

    def run(self, source, stages, sink):
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()

    def load(self):
        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        return retry(lambda: self.run(*self.build()))()
