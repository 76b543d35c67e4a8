def night(source, stages, sink, mail):
    # TODO: a night can fail, but no mail is sent. Fix that.
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
    except Exception as error:
        mail(0, error)
        raise
    written = 0
    for record in stream:
        sink.write(record)
        written += 1
    return written
