def copy_readings(source, sink):
    count = 0
    with source, sink, closing(source.stream()) as records:
        for record in records:
            count += 1
            sink.write(record)
            if count == 3:
                break
    return count
