import gc


def check_closes(deliver):
    ended = []

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
            pass

    deliver(Part(), [Part(), Part()], Part(), 10)
    gc.collect()
    assert len(ended) == 3
