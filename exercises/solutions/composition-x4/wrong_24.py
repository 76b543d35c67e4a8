build = given("composition-x4")


def test_run(run):
    count = run(*build())
    for outcome in faults.sweep(build, run).outcomes:
        if outcome.fault is None:
            assert outcome.arrived == count
    assert not outcome.leaked, outcome
    assert outcome.raised is not None, outcome
