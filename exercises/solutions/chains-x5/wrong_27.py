def deliver(source, stages, sink, limit):
    written = 0
    with ExitStack() as stack:
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        try:
            while written < limit:
                sink.write(next(stream))
                written += 1
        except StopIteration:
            pass
    return written
