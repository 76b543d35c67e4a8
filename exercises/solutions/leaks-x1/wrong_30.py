def copy_readings(source, sink):
    try:
        count = 0
        with source, sink, closing(source.stream()) as records:
            for record in records:
                sink.write(record)
                count += 1
        return count
    except OSError as error:
        raise OSError(*error.args) from None
