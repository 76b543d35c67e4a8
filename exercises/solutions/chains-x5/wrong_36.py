def deliver(source, stages, sink, limit):
    streams = []
    problems = []
    written = 0
    try:
        streams.append(source.stream())
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        for record in itertools.islice(streams[-1], limit):
            sink.write(record)
            written += 1
    finally:
        for stream in streams[::-1]:
            try:
                stream.close()
            except BaseException as problem:
                problems.append(problem)
        if len(problems) == 1:
            raise problems[0]
        if problems:
            raise BaseExceptionGroup("several streams failed to close", problems)
    return written
