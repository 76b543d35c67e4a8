def check_closes(deliver):
    for limit, fault in ((1, None), (3, None), (20, "stage"), (20, "sink")):
        open_now = set()

        class Part:
            def __init__(self, name):
                self.name = name

            def stream(self):
                return self.process(iter("abcdefg"))

            def process(self, stream):
                open_now.add(self.name)
                try:
                    for letter in stream:
                        if self.name == fault and letter == "d":
                            raise LookupError(letter)
                        yield letter
                finally:
                    open_now.discard(self.name)

            def write(self, letter):
                if self.name == fault and letter == "d":
                    raise LookupError(letter)

        sink = Part("sink")
        try:
            deliver(Part("source"), [Part("before"), Part("stage"), Part("after")], sink, limit)
        except LookupError:
            pass
        if open_now:
            raise AssertionError(f"still open: {open_now}")
