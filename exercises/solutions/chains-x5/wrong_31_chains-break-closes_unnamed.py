def deliver(source, stages, sink, limit):
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    if limit == 0:
        stream.close()
        return 0
    count = 0
    for record in stream:
        sink.write(record)
        count += 1
        if count >= limit:
            # The loop that pulls ends here, and closes its stream.
            break
    return count
