def close_all(streams):
    if streams:
        try:
            streams.pop().close()
        finally:
            close_all(streams)


def deliver(source, stages, sink, limit):
    streams = [source.stream()]
    written = 0
    try:
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        if limit > 0:
            for record in streams[-1]:
                sink.write(record)
                written += 1
                if written == limit:
                    break
    finally:
        close_all(streams)
    return written
