def night(source, stages, sink, mail):
    written = 0

    def watched():
        nonlocal written
        try:
            stream = source.stream()
            for stage in stages:
                stream = stage.process(stream)
            for record in stream:
                yield record  # if the sink cannot write it, its error is raised here
                written += 1
        except Exception as error:
            mail(written, error)
            raise

    for record in watched():
        sink.write(record)
    return written
