build = given("composition-x4")


def test_run(run):
    assert run(*build()) == len(build()[0].records)
