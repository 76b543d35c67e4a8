def check_closes(deliver):
    seen = []

    class Source:
        def stream(self):
            try:
                yield from range(5)
            except OSError:
                seen.append("source")

    class Stage:
        def process(self, stream):
            try:
                for number in stream:
                    yield number
            except OSError:
                seen.append("stage")
                raise

    class Sink:
        def write(self, number):
            if number == 3:
                raise OSError("the disk is full")

    try:
        deliver(Source(), [Stage()], Sink(), 10)
    except OSError:
        pass
    assert sorted(seen) == ["source", "stage"]
