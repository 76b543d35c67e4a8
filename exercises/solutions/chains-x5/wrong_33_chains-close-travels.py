def deliver(source, stages, sink, limit):
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    try:
        for record in itertools.islice(stream, limit):
            sink.write(record)
            count += 1
    finally:
        # The last one closes the one before it, and so on up to the source.
        stream.close()
    return count
