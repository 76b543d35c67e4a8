build = given("composition-x4")


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        if not outcome.fault or (outcome.fault.place, outcome.fault.phase) != ("source", "close"):
            assert not outcome.leaked, outcome
        assert outcome.raised or not outcome.fault, outcome
