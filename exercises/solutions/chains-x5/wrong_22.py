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
    finally:
        broken = False
        for stream in reversed(streams):
            try:
                stream.close()
            except BaseException:
                broken = True
        if broken:
            raise RuntimeError("a generator failed to close") from None
    return count
