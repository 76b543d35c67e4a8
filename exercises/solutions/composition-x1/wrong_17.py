def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    global count
    count = 0
    with PipelineContext(source, stages, sink) as pipeline:
        for record in pipeline.stream():
            count += 1
    return count
