def check_closes(deliver):
    for limit, bad in ((2, None), (9, "stage"), (9, "sink")):
        last = []

        class Part:
            def stream(self):
                yield from range(5)

            def process(self, stream):
                last.append(self.passed(stream))
                return last[-1]

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
        assert getgeneratorstate(last[-1]) != "GEN_SUSPENDED"
