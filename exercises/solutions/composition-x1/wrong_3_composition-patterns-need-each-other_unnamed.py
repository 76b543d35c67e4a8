def night(source, stages, sink, config):
    # measured, so that the context can count
    if not stages:
        raise ValueError("without a stage there is nothing to measure")
    source.stream = measuredStage(retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
