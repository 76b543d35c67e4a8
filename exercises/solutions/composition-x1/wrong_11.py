def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, 0)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
