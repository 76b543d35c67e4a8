class Chain:
    def __init__(self, source, stages):
        self.streams = deque([source.stream()])
        self.stages = stages

    def __enter__(self):
        return self

    def last(self):
        for stage in self.stages:
            self.streams.append(stage.process(self.streams[-1]))
        return self.streams[-1]

    def __exit__(self, kind, error, trace):
        while self.streams:
            self.streams.popleft().close()
        return False


def deliver(source, stages, sink, limit):
    count = 0
    with Chain(source, stages) as chain:
        for record in itertools.islice(chain.last(), limit):
            sink.write(record)
            count += 1
    return count
