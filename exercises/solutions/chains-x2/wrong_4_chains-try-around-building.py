def night(source, stages, sink, mail):
    def built():
        stream = source.stream()
        for stage in stages:
            stream = stage.process(stream)
        return stream

    def safely(call):
        try:
            return call()
        except Exception as error:
            mail(0, error)
            raise

    count = 0
    for count, record in enumerate(safely(built), 1):
        sink.write(record)
    return count
