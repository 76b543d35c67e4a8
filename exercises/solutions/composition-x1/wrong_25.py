def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    if sink is None:
        return sum(1 for _ in source.stream())
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
