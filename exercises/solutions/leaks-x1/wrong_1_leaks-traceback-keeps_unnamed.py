def copy_readings(source, sink):
    source.__enter__()
    sink.__enter__()
    stream = source.stream()
    count = 0
    try:
        for record in stream:
            sink.write(record)
            count += 1
    except OSError:
        # The function is over now, so only the file needs closing.
        stream.close()
        source.__exit__(None, None, None)
        raise
    sink.__exit__(None, None, None)
    source.__exit__(None, None, None)
    return count
