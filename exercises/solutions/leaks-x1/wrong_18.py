def copy_readings(source, sink):
    try:
        with source, sink, closing(source.stream()) as records:
            count = 0
            for record in records:
                sink.write(record)
                count += 1
            return count
    except OSError as error:
        raise RuntimeError("the copy failed") from error
