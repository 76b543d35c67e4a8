def copy_readings(source, sink):
    with source:
        sink.__enter__()
        told = (None, None, None)
        try:
            with closing(source.stream()) as records:
                count = 0
                for record in records:
                    sink.write(record)
                    count += 1
                return count
        except BaseException:
            told = (RuntimeError, RuntimeError("failed"), None)
            raise
        finally:
            sink.__exit__(*told)
