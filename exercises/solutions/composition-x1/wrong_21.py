def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        if "process" in vars(type(stage)):
            stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
