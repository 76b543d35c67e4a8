def copy_readings(source, sink):
    count = 0
    with source, sink, closing(source.stream()) as records:
        while record := next(records, None):
            sink.write(record)
            count += 1
    return count
