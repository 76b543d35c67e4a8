def check_closes(deliver):
    for stage, sink, limit in ((None, None, 3), ("a", None, 8), (None, "c", 8)):
        kept = []
        try:
            deliver(Letters(kept), [Stage(kept, stage), Stage(kept), Stage(kept)], Sink(sink), limit)
        except ValueError:
            pass
        for stream in kept:
            assert getgeneratorstate(stream) != "GEN_SUSPENDED"


class Letters:
    def __init__(self, kept):
        self.kept = kept

    def stream(self):
        self.kept.append(letter for letter in "abcdefgh")
        return self.kept[-1]


class Stage:
    def __init__(self, kept, bad=None):
        self.kept, self.bad = kept, bad

    def process(self, stream):
        def work():
            for letter in stream:
                if letter == self.bad:
                    raise ValueError(letter)
                yield letter

        self.kept.append(work())
        return self.kept[-1]


class Sink:
    def __init__(self, bad=None):
        self.bad = bad

    def write(self, record):
        if record == self.bad:
            raise ValueError(record)
