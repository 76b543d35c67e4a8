def deliver(source, stages, sink, limit):
    with ExitStack() as stack:
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        return sum([sink.write(record) is None for record in itertools.islice(stream, limit)])
