def night(source, stages, sink, mail):
    count = 0

    def counted(stream):
        nonlocal count
        for record in stream:
            count += 1
            yield record

    try:
        stream = counted(source.stream())
        for stage in stages:
            stream = stage.process(stream)
        written = 0
        for record in stream:
            sink.write(record)
            written += 1
        return written
    except Exception as error:
        mail(count, error)
        raise
