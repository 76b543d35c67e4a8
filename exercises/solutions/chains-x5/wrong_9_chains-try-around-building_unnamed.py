def deliver(source, stages, sink, limit):
    streams = []
    try:
        streams.append(source.stream())
        for stage in stages:
            streams.append(stage.process(streams[-1]))
    except BaseException:
        for stream in reversed(streams):
            stream.close()
        raise
    count = 0
    for record in itertools.islice(streams[-1], limit):
        sink.write(record)
        count += 1
    return count
