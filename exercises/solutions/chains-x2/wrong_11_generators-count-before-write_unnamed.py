def night(source, stages, sink, mail):
    written = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            written += 1
            sink.write(record)
    except Exception as error:
        mail(written, error)
        raise
    return written
