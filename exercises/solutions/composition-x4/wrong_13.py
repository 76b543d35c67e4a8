build = given("composition-x4")


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        if not outcome.fault:
            assert not outcome.leaked
            continue
        assert outcome.raised is not None, f"nothing came out at {outcome.fault}"
        if str(outcome.fault).endswith(("open", "close")):
            assert not outcome.leaked, f"{outcome.fault} leaves {outcome.leaked}"
