def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    count = None
    try:
        with PipelineContext(source, stages, sink) as pipeline:
            count = pipeline.run()
    except Exception:
        if count is None:  # the run itself failed
            raise
    return count
