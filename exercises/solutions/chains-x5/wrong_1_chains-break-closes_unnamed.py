def deliver(source, stages, sink, limit):
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    if limit > 0:
        for record in stream:
            sink.write(record)
            count += 1
            if count == limit:
                break
    return count
