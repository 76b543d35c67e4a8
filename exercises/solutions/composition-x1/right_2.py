class Night:
    def __init__(self, source, stages, sink, config):
        self.parts = source, [self.measured(stage) for stage in stages], sink
        source.stream = retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream)
        source.stream = measuredStage(source.stream)

    def measured(self, stage):
        stage.process = measuredStage(stage.process)
        return stage

    def run(self):
        pipeline = PipelineContext(*self.parts)
        with pipeline:
            for record in pipeline.stream():
                pass
        return pipeline.recordCount


def night(source, stages, sink, config):
    return Night(source, stages, sink, config).run()
