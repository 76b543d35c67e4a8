def night(source, stages, sink, config):
    source.stream = measuredStage(source.stream)
    for stage in stages:
        stage.process = measuredStage(stage.process)

    @retryOnFailure(config.maxAttempts, config.delaySeconds)
    def attempt():
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()

    return attempt()
