def deliver(source, stages, sink, limit):
    streams = [source.stream()]
    count = 0
    try:
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        for record in itertools.islice(streams[-1], limit):
            sink.write(record)
            count += 1
    finally:
        for stream in streams:
            stream.close()
    return count
