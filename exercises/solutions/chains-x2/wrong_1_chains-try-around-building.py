def night(source, stages, sink, mail):
    written = 0
    stream = source.stream()
    for stage in stages:
        try:
            stream = stage.process(stream)
        except Exception as error:
            mail(written, error)
            raise
    for record in stream:
        sink.write(record)
        written += 1
    return written
