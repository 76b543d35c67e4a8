def copy_readings(source, sink):
    with source:
        sink.__enter__()
        stream = source.stream()
        count = 0
        try:
            for record in stream:
                sink.write(record)
                count += 1
        except Exception as error:
            sink.__exit__(type(error), error, error.__traceback__)
            stream.close()
            raise
        stream.close()
        sink.__exit__(None, None, None)
    return count
