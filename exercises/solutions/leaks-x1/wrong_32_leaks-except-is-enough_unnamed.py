def copy_readings(source, sink):
    count = 0
    source.__enter__()
    try:
        sink.__enter__()
        error = None
        try:
            with closing(source.stream()) as records:
                for record in records:
                    sink.write(record)
                    count += 1
        except (OSError, RuntimeError, TypeError, LookupError, ArithmeticError, KeyboardInterrupt) as e:
            sink.__exit__(type(e), e, e.__traceback__)
            raise
        else:
            sink.__exit__(None, None, None)
    finally:
        source.__exit__(None, None, None)
    return count
