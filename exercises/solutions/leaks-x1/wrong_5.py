def copy_readings(source, sink):
    count = 0
    with source:
        sink.__enter__()
        try:
            with closing(source.stream()) as records:
                for record in records:
                    sink.write(record)
                    count += 1
        finally:
            sink.__exit__(None, None, None)  # what was written is safe now
    return count
