def deliver(source, stages, sink, limit):
    stack = ExitStack()
    written = 0
    try:
        stream = source.stream()
        stack.callback(stream.close)
        for stage in stages:
            stream = stage.process(stream)
            stack.callback(stream.close)
        for record in itertools.islice(stream, limit):
            sink.write(record)
            written += 1
    except BaseException:
        with stack:
            raise
    if written == limit:
        stack.close()
    return written
