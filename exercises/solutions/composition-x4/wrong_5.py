build = given("composition-x4")


def test_run(run):
    used = []

    class Context(PipelineContext):
        def __enter__(self):
            used.append(self)
            return super().__enter__()

    names = getattr(run, "__globals__", {})
    result = faults.sweep(build, run)
    assert result.clean
    assert all(one.raised for one in result.outcomes if one.fault)
    assert used, "a runner without PipelineContext leaks"
