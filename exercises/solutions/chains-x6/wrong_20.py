def check_closes(deliver):
    for limit, where in ((0, None), (2, None), (9, "stage"), (9, "sink")):
        kept = []
        try:
            deliver(Source(kept), [Stage(kept, None), Stage(kept, where)], Sink(where), limit)
        except LookupError:
            pass
        for stream in kept:
            assert getgeneratorstate(stream) == "GEN_CLOSED", (limit, where)


class Source:
    def __init__(self, kept):
        self.kept = kept

    def stream(self):
        self.kept.append(letter for letter in "abcd")
        return self.kept[-1]


class Stage:
    def __init__(self, kept, where):
        self.kept, self.where = kept, where

    def process(self, stream):
        def records():
            for record in stream:
                if self.where == "stage" and record == "c":
                    raise LookupError(record)
                yield record

        self.kept.append(records())
        return self.kept[-1]


class Sink:
    def __init__(self, where):
        self.where = where

    def write(self, record):
        if self.where == "sink" and record == "c":
            raise LookupError(record)
