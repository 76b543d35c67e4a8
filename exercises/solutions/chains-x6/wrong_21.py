def check_closes(deliver):
    for where in ("limit", "stage", "sink"):
        source, stage, last, sink = Source(), Stage(None), Stage(where), Sink(where)
        try:
            deliver(source, [stage, stage, last], sink, 3)
        except LookupError:
            pass
        for part in (source, stage, last):
            assert getgeneratorstate(part.made) != "GEN_SUSPENDED", where


class Source:
    def stream(self):
        self.made = (letter for letter in "abcd")
        return self.made


class Stage:
    def __init__(self, where):
        self.where = where

    def process(self, stream):
        def records():
            for record in stream:
                if self.where == "stage" and record == "c":
                    raise LookupError(record)
                yield record

        self.made = records()
        return self.made


class Sink:
    def __init__(self, where):
        self.where = where

    def write(self, record):
        if self.where == "sink" and record == "b":
            raise LookupError(record)
