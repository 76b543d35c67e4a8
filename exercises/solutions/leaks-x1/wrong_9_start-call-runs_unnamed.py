def copy_readings(source, sink):
    count = 0
    with source, sink, closing(source.stream()) as records:
        for record in records:
            sink.write(record)
            count += 1
            yield count
