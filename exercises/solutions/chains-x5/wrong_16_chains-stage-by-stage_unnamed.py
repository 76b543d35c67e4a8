def deliver(source, stages, sink, limit):
    with ExitStack() as stack:
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        records = list(itertools.islice(stream, limit))
        for record in records:
            sink.write(record)
        return len(records)
