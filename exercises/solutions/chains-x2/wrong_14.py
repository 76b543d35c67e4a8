def night(source, stages, sink, mail):
    written = 0
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    for record in stream:
        try:
            sink.write(record)
        except Exception as error:
            mail(written, error)
            raise
        written += 1
    return written
