def night(source, stages, sink, config):
    source.stream = measuredStage(retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    opened, count = [], 0
    try:
        for part in (source, sink):
            if hasattr(part, "__enter__"):
                part.__enter__()
                opened.append(part)
        streams = [source.stream()]
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        for record in streams[-1]:
            if sink is not None:
                sink.write(record)
            count += 1
        return count
    finally:
        for stream in reversed(streams):
            stream.close()
        for part in reversed(opened):
            part.__exit__(None, None, None)
