def copy_readings(source, sink):
    source.__enter__()
    sink.__enter__()
    try:
        count = 0
        for record in source.stream():
            sink.write(record)
            count += 1
    except OSError:
        source.__exit__(None, None, None)
        raise
    sink.__exit__(None, None, None)
    source.__exit__(None, None, None)
    return count
