build = given("composition-x4")


class Watched:
    def __init__(self, name, part, trouble, diary):
        self.name, self.part, self.trouble, self.diary = name, part, trouble, diary

    def strike(self, phase):
        if self.trouble == (self.name, phase):
            raise OSError(f"{self.name} fails to {phase}")

    def __enter__(self):
        self.strike("open")
        self.diary.add(self.name)
        return self

    def __exit__(self, kind, error, trace):
        self.diary.discard(self.name)
        self.strike("close")

    def watched(self, stream):
        self.diary.add(self.name + " stream")
        try:
            for number, record in enumerate(stream):
                if number == 1:
                    self.strike("pull")
                yield record
        finally:
            self.diary.discard(self.name + " stream")
            self.strike("end")

    def stream(self):
        return self.watched(self.part.stream())

    def process(self, stream):
        return self.watched(self.part.process(stream))

    def write(self, record):
        self.strike("write")
        self.part.write(record)


def test_run(run):
    kept = []
    names = "source", "stage", "sink"
    phases = "open", "pull", "write", "end", "close"
    for trouble in [None, *((name, phase) for name in names for phase in phases)]:
        source, [stage], sink = build()
        diary, error = set(), None
        parts = [Watched(name, part, trouble, diary) for name, part in zip(names, (source, stage, sink))]
        try:
            run(parts[0], parts[1:2], parts[2])
        except Exception as raised:
            error = raised
        kept.append((parts, error))
        assert not diary, f"{trouble}: still open are {diary}"
        possible = {"source": "open pull close", "stage": "pull", "sink": "open write close"}
        if trouble and trouble[1] in possible[trouble[0]].split():
            assert error is not None, f"{trouble}: no error came out"
