build = given("composition-x4")


def test_run(run):
    result = faults.sweep(build, run)
    for outcome in result.outcomes:
        held = [leak for leak in outcome.leaked if "started" not in leak]   # those go by themselves
        assert not held, outcome
        if outcome.fault and outcome.fault.phase != "end":
            assert outcome.raised, outcome
