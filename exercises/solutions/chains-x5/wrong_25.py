def deliver(source, stages, sink, limit):
    streams = [source.stream()]
    for stage in stages:
        streams.append(stage.process(streams[-1]))
    with ExitStack() as stack:
        for stream in streams:
            stack.enter_context(closing(stream))
        written = 0
        for record in itertools.islice(streams[-1], limit):
            sink.write(record)
            written += 1
        return written
