def night(source, stages, sink, config):
    retry = retryOnFailure(max(config.maxAttempts, 2), config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
