def deliver(source, stages, sink, limit):
    with closing(source.stream()) as records:
        stream = records
        for stage in stages:
            stream = stage.process(stream)
        with closing(stream):
            count = 0
            for record in itertools.islice(stream, limit):
                sink.write(record)
                count += 1
            return count
