def deliver(source, stages, sink, limit):
    with ExitStack() as stack:
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        count = 0
        for record in itertools.islice(stream, limit):
            sink.write(record)
            count += 1
        return limit
