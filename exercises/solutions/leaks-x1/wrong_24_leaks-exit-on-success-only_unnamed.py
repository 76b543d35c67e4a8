def copy_readings(source, sink):
    count = 0
    with source, sink, closing(source.stream()) as records:
        complete = False
        try:
            for record in records:
                sink.write(record)
                count += 1
            complete = True
        finally:
            if not complete:
                # The end of the block is not reached.
                failure = RuntimeError("incomplete")
                sink.__exit__(RuntimeError, failure, None)
    return count
