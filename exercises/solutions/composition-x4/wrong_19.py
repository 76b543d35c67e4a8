from inspect import getgeneratorstate

build = given("composition-x4")


def watch(part, name, streams):
    make = getattr(part, name)

    def keep(*given):
        streams.append(make(*given))
        return streams[-1]

    setattr(part, name, keep)


def test_run(run):
    count = run(*build())
    sweep = faults.sweep(build, run)
    for outcome in sweep.outcomes:
        assert not outcome.leaked, outcome
        if outcome.fault:
            assert outcome.raised, outcome
            source, stages, sink = build()
            streams = []
            watch(source, "stream", streams)
            for stage in stages:
                watch(stage, "process", streams)
            parts = {"source": source, "sink": sink} | {f"stage {n}": s for n, s in enumerate(stages, 1)}
            parts[outcome.fault.place] = faults.inject(parts[outcome.fault.place], outcome.fault)
            try:
                middle = [parts[f"stage {n}"] for n in range(1, len(stages) + 1)]
                assert run(parts["source"], middle, parts["sink"]) == count
            except OSError:
                pass
            for stream in streams:
                assert getgeneratorstate(stream) == "GEN_CLOSED", f"{outcome.fault}: {stream}"
