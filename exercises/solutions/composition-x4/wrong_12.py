build = given("composition-x4")


def test_run(run):
    count = run(*build())
    for outcome in faults.sweep(build, run).outcomes:
        assert not outcome.leaked, outcome
        if outcome.arrived < count:
            assert outcome.raised is not None, f"records are missing at {outcome.fault}, and no error says so"
