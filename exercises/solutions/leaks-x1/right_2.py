def copy_readings(source, sink):
    source.__enter__()
    try:
        sink.__enter__()
        try:
            stream = source.stream()
            try:
                return sum(sink.write(record) is None for record in stream)
            finally:
                stream.close()
        finally:
            sink.__exit__(None, None, None)
    finally:
        source.__exit__(None, None, None)
