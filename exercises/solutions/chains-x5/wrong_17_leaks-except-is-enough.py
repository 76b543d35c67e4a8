def close_all(streams):
    with ExitStack() as stack:
        for stream in streams:
            stack.callback(stream.close)


def deliver(source, stages, sink, limit):
    streams = []
    count = 0
    try:
        streams.append(source.stream())
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        for record in itertools.islice(streams[-1], limit):
            sink.write(record)
            count += 1
    except Exception:
        close_all(streams)
        raise
    close_all(streams)
    return count
