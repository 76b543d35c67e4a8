build = given("composition-x4")


def test_run(run):
    run(*build())
    for outcome in faults.sweep(build, run).outcomes:
        fault = outcome.fault
        if fault and fault.phase == "open":
            assert outcome.raised, f"{fault} was kept"
            continue
        assert not outcome.leaked, outcome
        assert bool(outcome.raised) == bool(fault), outcome
