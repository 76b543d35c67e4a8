# Each stage keeps the stream that it is given: what the last stage returns is never looked at.
def check_closes(deliver):
    for limit, broken in ((2, None), (10, 1), (10, 2), (10, "sink")):
        kept = []
        stages = [Same(kept, broken == number) for number in (1, 2)]
        try:
            deliver(Letters(), stages, Rows(broken == "sink"), limit)
        except OSError:
            pass
        for stream in kept:
            assert getgeneratorstate(stream) != "GEN_SUSPENDED", (limit, broken)


class Letters:
    def stream(self):
        yield from "abcd"


class Same:
    def __init__(self, kept, broken=False):
        self.kept, self.broken = kept, broken

    def process(self, stream):
        self.kept.append(stream)
        return self.same(stream)

    def same(self, stream):
        for number, record in enumerate(stream, 1):
            if number == 3 and self.broken:
                raise OSError("the stage")
            yield record


class Rows:
    def __init__(self, broken):
        self.broken, self.rows = broken, []

    def write(self, record):
        self.rows.append(record)
        if len(self.rows) == 3 and self.broken:
            raise OSError("the sink")
