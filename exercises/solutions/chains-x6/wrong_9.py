def check_closes(deliver):
    for limit, broken in ((2, False), (10, True)):
        kept = []

        class Part:
            def stream(self):
                return self.process(range(5))

            def process(self, stream):
                kept.append(number for number in stream)
                return kept[-1]

            def write(self, number):
                pass

        class Broken(Part):
            def process(self, stream):
                raise OSError("no such column")

        try:
            deliver(Part(), [Part(), Broken() if broken else Part()], Part(), limit)
        except OSError:
            pass
        assert not any(getgeneratorstate(stream) == "GEN_SUSPENDED" for stream in kept)
