def copy_readings(source, sink):
    with source:
        sink.__enter__()
        try:
            with closing(source.stream()) as records:
                count = 0
                for record in records:
                    sink.write(record)
                    count += 1
        except (OSError, KeyboardInterrupt) as error:
            sink.__exit__(type(error), error, error.__traceback__)
            raise
        sink.__exit__(None, None, None)
        return count
