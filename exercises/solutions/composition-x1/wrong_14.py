def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for s in stages:
        s.process = measuredStage(s.process)
    with ExitStack() as stack:
        for part in (source, *stages, sink):
            if hasattr(type(part), '__enter__'):
                stack.enter_context(part)
        stream = stack.enter_context(closing(source.stream()))
        for s in stages:
            stream = stack.enter_context(closing(s.process(stream)))
        count = 0
        for record in stream:
            if sink:
                sink.write(record)
            count += 1
        return count
