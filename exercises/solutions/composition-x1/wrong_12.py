def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        type(stage).process = measuredStage(type(stage).process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
