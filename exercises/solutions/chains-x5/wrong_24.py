def deliver(source, stages, sink, limit):
    with closing(source.stream()) as stream:
        count = 0
        for record in itertools.islice(stream, limit):
            sink.write(record)
            count += 1
        return count
