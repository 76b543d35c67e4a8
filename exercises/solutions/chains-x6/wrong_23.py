def check_closes(deliver):
    streams = []
    deliver(Letters(streams), [Stage(streams), Stage(streams)], Rows(), 2)
    all_closed(streams)
    for stages, sink in (
        ([Stage, Failing], Rows),
        ([Stage, Stage], Full),
        ([Stage, Alone], Rows),
    ):
        streams = []
        try:
            deliver(Letters(streams), [stage(streams) for stage in stages], sink(), 10)
        except LookupError:
            pass
        all_closed(streams)


def all_closed(streams):
    for stream in streams:
        assert getgeneratorstate(stream) == "GEN_CLOSED", getgeneratorstate(stream)


class Letters:
    def __init__(self, streams):
        self.streams = streams

    def stream(self):
        def letters():
            yield from "abcdef"

        self.streams.append(letters())
        return self.streams[-1]


class Stage:
    def __init__(self, streams):
        self.streams = streams

    def process(self, stream):
        self.streams.append(self.work(stream))
        return self.streams[-1]

    def work(self, stream):
        for record in stream:
            yield record


class Failing(Stage):
    def work(self, stream):
        yield next(stream)
        yield next(stream)
        raise LookupError("third record")


class Alone(Stage):
    def work(self, stream):
        yield "the first"
        raise LookupError("before the first pull")


class Rows:
    def write(self, record):
        pass


class Full:
    def write(self, record):
        raise LookupError("full")
