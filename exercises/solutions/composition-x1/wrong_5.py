def night(source, stages, sink, config):
    source.stream = measuredStage(source.stream)
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        retryOnFailure(config.maxAttempts, config.delaySeconds)(lambda: source.stream())()
        return pipeline.run()
