def check_closes(deliver):
    def run(limit, bad):
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
                    if bad == "stage" and number == 3:
                        raise OSError
                    yield number

            def write(self, number):
                if bad == "sink" and number == 3:
                    raise OSError

        try:
            deliver(Part(), [Part()], Part(), limit)
        except OSError:
            pass
        assert all(getgeneratorstate(stream) != "GEN_SUSPENDED" for stream in kept)

    run(2, None)
    run(9, "stage")
    run(9, "sink")
