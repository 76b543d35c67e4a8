build = given("composition-x4")


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        if outcome.leaked:
            raise RuntimeError(f"{outcome.fault} leaves {outcome.leaked} open")
        assert outcome.raised or not outcome.fault
