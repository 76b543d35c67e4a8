def deliver(source, stages, sink, limit):
    streams = []
    n = 0
    try:
        streams.append(source.stream())
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        for record in itertools.islice(streams[-1], limit):
            sink.write(record)
            n += 1
    finally:
        for s in reversed(streams):
            try:
                s.close()
            except BaseException as e:
                print("could not close", e)
    return n
