class Numbers:
    def __init__(self):
        self.streams = []

    def stream(self):
        self.streams.append(self.numbers())
        return self.streams[-1]

    def numbers(self):
        yield from range(4)

    def process(self, stream):
        self.streams.append(number for number in stream)
        return self.streams[-1]

    def write(self, number):
        pass


def check_closes(deliver):
    part = Numbers()
    assert deliver(part, [part, part], part, 10) == 4
    for stream in part.streams:
        assert getgeneratorstate(stream) == "GEN_CLOSED"
