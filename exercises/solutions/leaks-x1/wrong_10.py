def copy_readings(source, sink):
    source.__enter__()
    with sink, closing(source.stream()) as records:
        count = 0
        for record in records:
            sink.write(record)
            count += 1
        return count
