def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    try:
        with PipelineContext(source, stages, sink) as pipeline:
            return pipeline.run()
    except OSError as error:
        raise RuntimeError('the night failed') from error
