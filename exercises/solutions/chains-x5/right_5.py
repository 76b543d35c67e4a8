@contextmanager
def chained(stream, stages):
    with closing(stream):
        if stages:
            with chained(stages[0].process(stream), stages[1:]) as last:
                yield last
        else:
            yield stream


def deliver(source, stages, sink, limit):
    count = 0
    with chained(source.stream(), list(stages)) as stream:
        for count, record in zip(range(1, limit + 1), stream):
            sink.write(record)
    return count
