def check_closes(deliver):
    def run(limit, fails=None):
        begun, ended, kept = [], [], []

        def part(name, stream):
            begun.append(name)
            try:
                for number in stream:
                    if (name, number) == fails:
                        raise OSError(name)
                    yield number
            finally:
                ended.append(name)

        def keep(stream):
            kept.append(stream)
            return stream

        class Part:
            def __init__(self, name):
                self.name = name

            def stream(self):
                return keep(part(self.name, range(5)))

            def process(self, stream):
                return keep(part(self.name, stream))

            def write(self, number):
                if (self.name, number) == fails:
                    raise OSError(self.name)

        try:
            deliver(Part("source"), [Part("first"), Part("second")], Part("sink"), limit)
        except OSError:
            assert fails
        assert sorted(begun) == sorted(ended), f"begun {begun}, ended {ended}"

    run(1)
    for name in ("source", "first", "second", "sink"):
        run(10, (name, 3))
