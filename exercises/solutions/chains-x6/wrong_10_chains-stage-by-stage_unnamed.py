def check_closes(deliver):
    log = []

    class Part:
        def __init__(self, name):
            self.name = name

        def stream(self):
            return self.process("ab")

        def process(self, stream):
            for letter in stream:
                log.append(self.name)
                yield letter

        def write(self, letter):
            pass

    deliver(Part("source"), [Part("stage")], Part("sink"), 5)
    assert log == ["source", "source", "stage", "stage"]
