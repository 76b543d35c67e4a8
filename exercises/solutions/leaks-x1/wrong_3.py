def copy_readings(source, sink):
    source.__enter__()
    sink.__enter__()
    with ExitStack() as stack:
        stack.push(source)
        stack.push(sink)
        count = 0
        for record in stack.enter_context(closing(source.stream())):
            sink.write(record)
            count += 1
    return count
