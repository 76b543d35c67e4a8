def deliver(source, stages, sink, limit):
    streams, failures, written = [], [], 0
    try:
        streams.append(source.stream())
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        for record in itertools.islice(streams[-1], limit):
            sink.write(record)
            written += 1
    finally:
        for stream in reversed(streams):
            try:
                stream.close()
            except BaseException as error:
                failures.append(error)
        if failures:
            raise BaseExceptionGroup("some generators would not close", failures)
    return written
