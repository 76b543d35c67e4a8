def copy_readings(source, sink):
    source.__enter__()
    told = (None, None, None)
    try:
        sink.__enter__()
        try:
            stream = source.stream()
            try:
                return sum(sink.write(record) is None for record in stream)
            finally:
                stream.close()
        except BaseException as error:
            told = (type(error), error, error.__traceback__)
            raise
        finally:
            sink.__exit__(*told)
    finally:
        source.__exit__(*told)
