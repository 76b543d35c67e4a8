def night(source, stages, sink, mail):
    written = 0

    def watched():
        try:
            yield from source.stream()
        except Exception as error:
            mail(written, error)
            raise

    stream = watched()
    for stage in stages:
        stream = stage.process(stream)
    for record in stream:
        sink.write(record)
        written += 1
    return written
