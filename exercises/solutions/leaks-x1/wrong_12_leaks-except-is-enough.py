def copy_readings(source, sink):
    source.__enter__()
    try:
        sink.__enter__()
    except Exception:
        source.__exit__(None, None, None)
        raise
    with ExitStack() as stack:
        stack.push(source)
        stack.push(sink)
        records = stack.enter_context(closing(source.stream()))
        count = 0
        for record in records:
            sink.write(record)
            count += 1
        return count
