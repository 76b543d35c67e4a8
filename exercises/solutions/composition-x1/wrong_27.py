class Counter:
    def write(self, record):
        return None


def night(source, stages, sink, config):
    source.stream = measuredStage(retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    write = Counter().write if sink is None else sink.write
    with ExitStack() as stack:
        for part in (source, *stages, sink):
            if hasattr(type(part), "__enter__"):
                stack.enter_context(part)
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        return sum(write(record) is None for record in stream)
