def check_closes(deliver):
    for limit, bad in ((2, None), (10, 3)):
        kept = []

        class Part:
            def stream(self):
                kept.append(number for number in range(5))
                return kept[-1]

            def process(self, stream):
                kept.append(self.passed(stream))
                return kept[-1]

            def passed(self, stream):
                for number in stream:
                    if number == bad:
                        raise OSError
                    yield number

            def write(self, number):
                pass

        try:
            deliver(Part(), [Part(), Part()], Part(), limit)
        except OSError:
            pass
        assert not any(getgeneratorstate(stream) == "GEN_SUSPENDED" for stream in kept)
