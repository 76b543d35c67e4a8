import time


class Night:

    def __init__(self, path, engine, config):
        self.path, self.engine, self.config = (path, engine, config)

    def build(self):

        class WetDays:

            @measuredStage
            def process(self, stream):
                for row in stream:
                    if float(row['precipitation']) > 0:
                        yield row

        class Scale:

            def __init__(self, config):
                self.config = config

            @measuredStage
            def process(self, stream):
                for row in stream:
                    value = (float(row['temp_max']) - self.config.center) / self.config.spread
                    day = date.fromisoformat(row['date'].replace('/', '-'))
                    rain = float(row['precipitation'])
                    yield {'date': day, 'precipitation': rain, 'temp_max': value}

        class Reader(CsvSource):
            retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
            stream = measuredStage(retry(CsvSource.stream))
        return (Reader(self.path), [WetDays(), Scale(self.config)], SqlSink(self.engine, 'weather', True))

    def run(self, source, stages, sink):
        context = PipelineContext(source, stages, sink)
        with context:
            context.run()
        return context.recordCount

    def load(self):
        attempt = 1
        while True:
            try:
                parts = self.build()
                return self.run(*parts)
            except TimeoutError:
                if attempt >= self.config.maxAttempts:
                    raise
                attempt += 1
                time.sleep(self.config.delaySeconds)
