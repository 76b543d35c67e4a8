def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    for part in (source, sink):
        if hasattr(part, "__enter__"):
            part.__enter__()
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    for record in stream:
        if sink is not None:
            sink.write(record)
        count += 1
    for part in (sink, source):
        if hasattr(part, "__exit__"):
            part.__exit__(None, None, None)
    return count
