build = given("composition-x4")


def test_run(run):
    swept = faults.sweap(build, run)
    assert swept.clean
