def copy_readings(source, sink):
    count = 0
    with source, sink:
        for record in source.stream():
            sink.write(record)
            count += 1
    return count
