def copy_readings(source, sink):
    with source, sink, closing(source.stream()) as records:
        count = 0
        for _, record in zip(range(8), records):
            sink.write(record)
            count += 1
    return count
