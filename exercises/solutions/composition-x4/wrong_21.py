build = given("composition-x4")


def test_run(run):
    result = faults.sweep(build, run)
    for outcome in result.outcomes:
        if outcome.fault and outcome.fault.phase == "write":
            assert not [leak for leak in outcome.leaked if "entered" in leak], outcome
        else:
            assert not outcome.leaked, outcome
        assert outcome.raised or not outcome.fault, outcome
