def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    pipeline = PipelineContext(source, stages, sink)
    pipeline.__enter__()
    try:
        count = pipeline.run()
    except Exception as error:
        pipeline.__exit__(type(error), error, error.__traceback__)
        raise
    pipeline.__exit__(None, None, None)
    return count
