def night(source, stages, sink, mail):
    written = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            written += 1
        return written
    except Exception as error:
        if not getattr(error, "mailed", False):
            error.mailed = True
            mail(written, error)
        raise
