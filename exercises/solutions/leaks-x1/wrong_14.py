def copy_readings(source, sink):
    with source, sink, closing(source.stream()) as records:
        count = 0
        for record in records:
            sink.write(record)
            count += 1
    sink.__exit__(None, None, None)
    return count
