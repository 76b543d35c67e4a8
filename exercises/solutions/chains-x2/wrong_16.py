def night(source, stages, sink, mail):
    written = 0
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
    except Exception as error:
        mail(written, error)
        raise
    while True:
        try:
            record = next(stream)
        except StopIteration:
            return written
        except Exception as error:
            mail(written, error)
            raise
        sink.write(record)
        written += 1
