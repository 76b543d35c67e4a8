build = given("composition-x4")


def test_run(run):
    result = faults.sweep(build, run)
    for outcome in result.outcomes:
        if outcome.fault is None or outcome.fault.phase in ("open", "pull", "write"):
            assert not outcome.leaked, outcome
            assert outcome.fault is None or outcome.raised, outcome
