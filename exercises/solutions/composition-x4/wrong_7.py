build = given("composition-x4")


def test_run(run):
    source, stages, sink = build()
    with source, sink:
        stream = source.stream()
        assert next(stream)
        assert not faults.sweep(lambda: (source, stages, sink)).leaks
