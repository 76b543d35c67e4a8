def deliver(source, stages, sink, limit):
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    with closing(stream):
        for record in itertools.islice(stream, limit):
            sink.write(record)
            count += 1
    return count
