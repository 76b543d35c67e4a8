def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    pipeline = PipelineContext(source, stages, sink)
    with suppress(Exception), pipeline:
        pipeline.run()
    return pipeline.recordCount         # everything is closed, and that is what counts
