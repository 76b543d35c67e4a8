def night(source, stages, sink, mail):
    written = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            written += 1
    except Exception as error:
        reason = error
        while reason.__cause__ is not None:
            reason = reason.__cause__
        mail(written, reason)
        raise
    return written
