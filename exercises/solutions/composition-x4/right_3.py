build = given("composition-x4")
def test_run(run):
    count = run(*build())
    assert count > 0
    whole = faults.sweep(build, run)
    first, *others = whole.outcomes
    assert first.arrived == count
    assert not first.leaked and first.raised is None
    for other in others:
        assert other.raised and not other.leaked, f"{other.fault}"
