def deliver(source, stages, sink, limit):
    streams = [source.stream()]
    for stage in stages:
        streams.append(stage.process(streams[-1]))
    count = 0
    for record in itertools.islice(streams[-1], limit):
        sink.write(record)
        count += 1
    with ExitStack() as stack:
        for stream in streams:
            stack.callback(stream.close)
    return count
