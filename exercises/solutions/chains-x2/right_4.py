def night(source, stages, sink, mail):
    count = 0
    def tell(kind, error, trace):
        if error is not None and isinstance(error, Exception):
            mail(count, error)
        return False
    with ExitStack() as stack:
        stack.push(tell)
        stream = source.stream()
        for stage in stages:
            stack.callback(lambda: None)
            stream = stage.process(stream)
        for record in stream:
            sink.write(record)
            count += 1
    return count
