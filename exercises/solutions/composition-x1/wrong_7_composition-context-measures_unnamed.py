def night(source, stages, sink, config):
    source.stream = retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream)
    with PipelineContext(source, stages, sink) as pipeline:
        count = pipeline.run()
    for part in (source, *stages):
        part.metrics = pipeline.elapsedSeconds
    return count
