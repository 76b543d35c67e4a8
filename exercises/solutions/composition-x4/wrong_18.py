build = given("composition-x4")


def test_run(run):
    count = run(*build())
    assert count > 0
    for outcome in faults.sweep(build, run).outcomes:
        assert not outcome.leaked, f"{run.__name__}: {outcome.fault} leaves {outcome.leaked}"
        if outcome.fault is not None:
            assert outcome.raised is not None, f"{run.__name__} hides the error of {outcome.fault}"
