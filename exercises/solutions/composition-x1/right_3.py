def night(source, stages, sink, config):
    source.stream = retryOnFailure(maxAttempts=config.maxAttempts, delaySeconds=config.delaySeconds)(
        measuredStage(source.stream)
    )
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with ExitStack() as stack:
        pipeline = stack.enter_context(PipelineContext(source, stages, sink))
        pipeline.run()
        return pipeline.recordCount
