def copy_readings(source, sink):
    source.__enter__()
    with sink:
        count = 0
        for record in source.stream():
            sink.write(record)
            count += 1
        return count
