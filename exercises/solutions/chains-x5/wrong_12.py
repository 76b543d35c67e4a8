def deliver(source, stages, sink, limit):
    count = 0
    with ExitStack() as stack:
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        while count < limit:
            try:
                record = next(stream)
            except Exception:
                break
            sink.write(record)
            count += 1
    return count
