def night(source, stages, sink, config):
    source.stream = measuredStage(retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    if sink is None:
        raise ValueError("no sink: there is nothing that the context could close")
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
