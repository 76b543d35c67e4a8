def deliver(source, stages, sink, limit):
    written = 0
    with ExitStack() as stack:
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        while written < limit and (record := next(stream, None)):
            sink.write(record)
            written += 1
    return written
