from contextlib import closing, contextmanager


@contextmanager
def opened(source, sink):
    with source, sink, closing(source.stream()) as records:
        yield records


def copy_readings(source, sink):
    count = 0
    with opened(source, sink) as records:
        for record in records:
            sink.write(record)
            count += 1
    return count
