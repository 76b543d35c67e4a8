build = given("composition-x4")


def test_run(run):
    assert faults.sweep(build, run).clean
