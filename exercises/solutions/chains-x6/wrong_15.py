def check_closes(deliver):
    ended, kept = [], []

    class Part:
        def __init__(self, name, bad=None):
            self.name, self.bad = name, bad

        def stream(self):
            return self.process(iter("abcdef"))

        def process(self, stream):
            kept.append(self.passed(stream))
            return kept[-1]

        def passed(self, stream):
            try:
                for letter in stream:
                    if letter == self.bad:
                        raise ValueError(letter)
                    yield letter
            finally:
                ended.append(self.name)

        def write(self, letter):
            if letter == self.bad:
                raise ValueError(letter)

    for stage, sink in ((None, None), ("c", None), (None, "c")):
        ended.clear()
        try:
            deliver(Part("source"), [Part("first"), Part("second", stage)], Part("sink", sink), 3)
        except ValueError:
            pass
        assert len(ended) == 3, ended
        if not stage:
            assert ended == ["second", "first", "source"], "last first"
