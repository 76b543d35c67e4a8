def copy_readings(source, sink):
    count = 0
    with source, sink, closing(source.stream()) as records:
        while True:
            try:
                sink.write(next(records))
            except StopIteration:
                break
            count += 1
    return count
