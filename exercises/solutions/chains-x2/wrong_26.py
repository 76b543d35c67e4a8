def night(source, stages, sink, mail):
    written = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for _ in map(sink.write, stream):
            written += 1
    except Exception as error:
        mail(written, error)
        raise
    return written
