def deliver(source, stages, sink, limit):
    streams = [source.stream()]
    for stage in stages:
        streams.append(stage.process(streams[-1]))
    count = 0
    try:
        for record in streams[-1] if limit > 0 else ():
            sink.write(record)
            count += 1
            if count == limit:
                break  # the loop is over, and so is the generator
    except BaseException:
        for stream in reversed(streams):
            stream.close()
        raise
    return count
