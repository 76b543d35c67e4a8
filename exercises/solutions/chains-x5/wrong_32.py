def deliver(source, stages, sink, limit):
    def first(stream):
        left = limit
        for record in stream if left > 0 else ():
            yield record
            left -= 1
            if left == 0:
                break

    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    with closing(first(stream)) as records:
        for record in records:
            sink.write(record)
            count += 1
            if count == limit:
                break
    return count
