build = given("composition-x4")


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        if outcome.fault and outcome.fault.phase != "end":
            assert outcome.raised, f"no error came out at {outcome.fault}"
