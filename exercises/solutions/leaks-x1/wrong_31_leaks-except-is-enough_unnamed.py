def copy_readings(source, sink):
    with source, sink:
        records = source.stream()
        count = 0
        try:
            for record in records:
                sink.write(record)
                count += 1
        except (OSError, KeyboardInterrupt):
            records.close()
            raise
        return count
