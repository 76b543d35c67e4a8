def check_closes(deliver):
    letters = iter("abcde")
    kept = []

    class Part:
        def stream(self):
            kept.append(letter for letter in letters)
            return kept[-1]

        def process(self, stream):
            kept.append(letter for letter in stream)
            return kept[-1]

        def write(self, letter):
            pass

    for limit in (10, 2):
        kept.clear()
        deliver(Part(), [Part(), Part()], Part(), limit)
        assert all(getgeneratorstate(stream) != "GEN_SUSPENDED" for stream in kept)
