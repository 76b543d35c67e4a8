build = given("composition-x4")


def test_run(run):
    name = run.__name__
    for outcome in faults.sweep(build, run).outcomes:
        assert not outcome.leaked, f"{name} leaves {outcome.leaked} open at {outcome.fault}"
        assert not outcome.fault or outcome.raised is not None, f"{name} keeps the error of {outcome.fault}"
