build = given("composition-x4")


def test_run(run):
    run(*build())
    before_a_pull = []
    for outcome in faults.sweep(build, run).outcomes:
        assert not outcome.leaked, outcome
        assert (outcome.raised is None) == (outcome.fault is None), outcome
        if outcome.fault is not None and outcome.fault.phase == "pull":
            before_a_pull.append(outcome.arrived)
    assert max(before_a_pull) > 0, "all records are held back until the end"
