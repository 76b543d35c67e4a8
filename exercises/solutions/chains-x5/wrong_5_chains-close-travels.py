def deliver(source, stages, sink, limit):
    def chained():
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        yield from stream

    count = 0
    with closing(chained()) as stream:
        for record in itertools.islice(stream, limit):
            sink.write(record)
            count += 1
    return count
