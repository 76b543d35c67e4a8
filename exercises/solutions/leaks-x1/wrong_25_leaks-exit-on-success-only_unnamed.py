def copy_readings(source, sink):
    def write(record):
        try:
            sink.write(record)
        except BaseException as error:
            # The error leaves the block before its end, so the sink is left here.
            sink.__exit__(type(error), error, error.__traceback__)
            raise

    count = 0
    with source, sink, closing(source.stream()) as records:
        for record in records:
            write(record)
            count += 1
    return count
