build = given("composition-x4")


def test_run(run):
    count = run(*build())
    for outcome in faults.sweep(build, run).outcomes:
        assert not [leak for leak in outcome.leaked if "entered" in leak], outcome
        assert outcome.raised or outcome.fault is None, outcome
    sweep = faults.sweep(build, run)
    failed = [outcome for outcome in sweep.outcomes if outcome.fault]
    last_write = [outcome for outcome in failed if outcome.fault.phase == "write"][-1]
    assert not last_write.leaked, last_write
    assert sweep.outcomes[0].arrived == count
