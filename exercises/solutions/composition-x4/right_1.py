build = given("composition-x4")


def test_run(run):
    result = faults.sweep(build, run)
    assert result.clean, result.leaks[0]
    for outcome in result.outcomes:
        assert outcome.fault is None or outcome.raised, f"no error came out at {outcome.fault}"
