def deliver(source, stages, sink, limit):
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    try:
        if limit > 0:
            for record in stream:
                sink.write(record)
                count += 1
                if count == limit:
                    break  # closes the stream, which closes the one behind it
    except BaseException:
        stream.close()  # only an error leaves the loop without that
        raise
    return count
