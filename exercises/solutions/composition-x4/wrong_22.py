build = given("composition-x4")


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        assert not outcome.leaked, outcome
        if outcome.fault and outcome.fault.phase in ("pull", "write", "close"):
            assert outcome.raised, outcome
