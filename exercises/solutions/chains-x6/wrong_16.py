class Letters:
    def __init__(self, streams):
        self.streams = streams

    def stream(self):
        self.streams.append(self.letters())
        return self.streams[-1]

    def letters(self):
        yield from "abcd"


class Passing:
    def __init__(self, streams, bad=None):
        self.streams, self.bad = streams, bad

    def process(self, stream):
        self.streams.append(self.passed(stream))
        return self.streams[-1]

    def passed(self, stream):
        for letter in stream:
            if letter == self.bad:
                raise ValueError(letter)
            yield letter


class Rows:
    def __init__(self, bad=None):
        self.bad = bad

    def write(self, letter):
        if letter == self.bad:
            raise ValueError(letter)


def check_closes(deliver):
    for limit, stage, sink in ((2, None, None), (9, "c", None), (9, None, "c"), (9, None, None)):
        streams = []
        stages = [Passing(streams), Passing(streams, stage), Passing(streams)]
        try:
            assert deliver(Letters(streams), stages, Rows(sink), limit) == limit
        except ValueError:
            pass
        suspended = [stream for stream in streams if getgeneratorstate(stream) == "GEN_SUSPENDED"]
        assert not suspended, suspended
