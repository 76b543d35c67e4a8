def copy_readings(source, sink):
    count = 0
    with source:
        sink.__enter__()
        try:
            with closing(source.stream()) as records:
                for record in records:
                    sink.write(record)
                    count += 1
        except (Exception, KeyboardInterrupt) as error:
            sink.__exit__(type(error), error, error.__traceback__)
            raise
        else:
            sink.__exit__(None, None, None)
    return count
