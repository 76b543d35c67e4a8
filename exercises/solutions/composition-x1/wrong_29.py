def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    if sink is not None:
        sink.write = retry(sink.write)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
