def night(source, stages, sink, mail):
    night.written = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            night.written += 1
    except Exception as error:
        mail(night.written, error)
        raise
    return night.written
