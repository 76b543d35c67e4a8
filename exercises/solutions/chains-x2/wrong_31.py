def night(source, stages, sink, mail):
    if not hasattr(sink, "accepted"):
        sink.accepted = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            sink.accepted += 1
    except Exception as error:
        mail(sink.accepted, error)
        raise
    return sink.accepted
