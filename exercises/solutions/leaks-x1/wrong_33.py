def copy_readings(source, sink):
    error = None
    count = 0
    with source:
        sink.__enter__()
        try:
            with closing(source.stream()) as records:
                for record in records:
                    sink.write(record)
                    count += 1
        except BaseException as one:
            error = one
        if error:
            sink.__exit__(type(error), error, error.__traceback__)
            raise error
        sink.__exit__(None, None, None)
    return count
