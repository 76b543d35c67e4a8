def check_closes(deliver):
    order, kept = [], []

    class Part:
        def __init__(self, name):
            self.name = name

        def stream(self):
            return self.process(range(5))

        def process(self, stream):
            kept.append(self.passed(stream))
            return kept[-1]

        def passed(self, stream):
            try:
                for number in stream:
                    yield number
            finally:
                order.append(self.name)

        def write(self, number):
            pass

    deliver(Part("source"), [Part("first"), Part("second")], Part("sink"), 2)
    assert order == ["source", "first", "second"]
