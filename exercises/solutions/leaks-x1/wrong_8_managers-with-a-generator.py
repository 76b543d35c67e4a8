def copy_readings(source, sink):
    count = 0
    with source, sink, source.stream() as records:
        for record in records:
            sink.write(record)
            count += 1
    return count
