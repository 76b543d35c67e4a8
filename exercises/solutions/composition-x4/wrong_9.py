build = given("composition-x4")


class List:
    def __init__(self, records):
        self.records = records

    def stream(self):
        yield from self.records


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        assert not outcome.leaked and (outcome.raised or not outcome.fault)
    _, stages, sink = build()
    assert run(List(build()[0].records), stages, sink) == 3     # any part will do
