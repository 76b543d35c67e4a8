def copy_readings(source, sink):
    with source, sink, closing(source.stream()) as records:
        for count, record in enumerate(records):
            sink.write(record)
    return count
