build = given("composition-x4")


def test_run(run):
    run(*build())
    for outcome in faults.sweep(build, run).outcomes:
        if outcome.fault and "close" in str(outcome.fault):
            continue        # a runner can do nothing about a close that fails
        assert not outcome.leaked, outcome
        if outcome.fault:
            assert outcome.raised is not None, outcome
