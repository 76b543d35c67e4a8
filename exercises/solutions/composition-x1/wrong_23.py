def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in list(stages)[:2]:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
