from functools import reduce
def deliver(source, stages, sink, limit) -> int:
    with ExitStack() as stack:
        def keep(s):
            return stack.enter_context(closing(s))

        stream = reduce(lambda s, stage: keep(stage.process(s)), stages, keep(source.stream()))
        n = 0
        for n, record in enumerate(itertools.islice(stream, limit), 1):
            sink.write(record)
        return n
