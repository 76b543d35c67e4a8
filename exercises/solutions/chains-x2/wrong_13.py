def night(source, stages, sink, mail):
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        written = 0
        for record in stream:
            sink.write(record)
            written += 1
    except Exception as error:
        mail(written, error)
        raise
    return written
