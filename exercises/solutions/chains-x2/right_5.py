def night(source, stages, sink, mail):
    written, problem = 0, None
    try:
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            written += 1
    except Exception as error:
        problem = error
        raise
    finally:
        if problem is not None:
            mail(written, problem)
    return written
