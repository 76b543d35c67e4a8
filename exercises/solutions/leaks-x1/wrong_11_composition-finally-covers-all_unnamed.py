def copy_readings(source, sink):
    with source:
        sink.__enter__()
        error = (None, None, None)
        records = source.stream()
        try:
            count = 0
            for record in records:
                sink.write(record)
                count += 1
            return count
        except BaseException as failure:
            error = (type(failure), failure, None)
            raise
        finally:
            records.close()
            sink.__exit__(*error)
