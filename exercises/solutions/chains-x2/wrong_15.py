def night(source, stages, sink, mail):
    written = 0
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    try:
        for record in stream:
            sink.write(record)
            written += 1
    except Exception as error:
        mail(written, error)
        raise
    return written
