def deliver(source, stages, sink, limit):
    with ExitStack() as stack:
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        count = 0
        if limit > 0:
            for record in stream:
                if count == limit:
                    break
                sink.write(record)
                count += 1
        return count
