build = given("composition-x4")


def test_run(run):
    count = run(*build())
    # TODO: make it fail wherever it can, and assert that nothing stays open and no error is lost.
