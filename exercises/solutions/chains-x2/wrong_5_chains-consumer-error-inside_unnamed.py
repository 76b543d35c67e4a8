def night(source, stages, sink, mail):
    written = 0

    def guarded(stream):
        try:
            for record in stream:
                yield record
        except Exception as error:
            mail(written, error)
            raise

    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
    except Exception as error:
        mail(written, error)
        raise
    for record in guarded(stream):
        sink.write(record)
        written += 1
    return written
