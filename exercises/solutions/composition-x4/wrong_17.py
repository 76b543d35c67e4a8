# It asks that the sink is closed before the source, which the task leaves open.
build = given("composition-x4")


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        assert not outcome.leaked, outcome
        if outcome.fault is not None and outcome.fault.phase != "end":
            assert outcome.raised, outcome

    order = []

    class Named:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            return self

        def __exit__(self, *reason):
            order.append(self.name)

        def stream(self):
            yield from "abc"

        def write(self, record):
            pass

    run(Named("source"), [], Named("sink"))
    assert order == ["sink", "source"], order
