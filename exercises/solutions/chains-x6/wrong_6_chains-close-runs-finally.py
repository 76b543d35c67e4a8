def check_closes(deliver):
    made, ended = [], []

    class Part:
        def stream(self):
            return self.passed(range(5))

        def process(self, stream):
            return self.passed(stream)

        def passed(self, stream):
            try:
                yield from stream
            finally:
                ended.append(self)

        def write(self, number):
            raise AssertionError("nothing was to be written")

    deliver(Part(), [Part(), Part()], Part(), 0)
    assert len(ended) == 3
