def night(source, stages, sink, mail):
    written = 0

    @contextmanager
    def mailing():
        try:
            yield
        except Exception as error:
            mail(written, error)

    with mailing():
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            written += 1
    return written
