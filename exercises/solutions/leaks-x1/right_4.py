def copy_readings(source, sink):
    with ExitStack() as stack:
        source = stack.enter_context(source)
        sink = stack.enter_context(sink)
        stream = source.stream()
        stack.callback(stream.close)
        written = 0
        for record in stream:
            sink.write(record)
            written += 1
        return written
