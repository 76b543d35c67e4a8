def copy_readings(source, sink):
    count = 0
    with source, sink, closing(source.stream()) as records:
        try:
            for record in records:
                sink.write(record)
                count += 1
        except BaseException:
            # An error jumps over the end of the block: close here.
            sink.__exit__(None, None, None)
            source.__exit__(None, None, None)
            raise
    return count
