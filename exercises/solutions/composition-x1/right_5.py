import types
def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = types.MethodType(measuredStage(retry(type(source).stream)), source)
    for stage in stages:
        stage.process = types.MethodType(measuredStage(type(stage).process), stage)
    with PipelineContext(source, stages, sink) as pipeline:
        pipeline.run()
    return pipeline.recordCount
