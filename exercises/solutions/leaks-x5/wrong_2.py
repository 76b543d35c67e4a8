bench = given("leaks-x5")


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    for slots, readings in (
        (20, bench.readings),
        (20, ["12.5", "missing"]),
        (20, stopped()),
        (1, bench.readings),
    ):
        engine = bench.new_pool(slots)
        try:
            job(engine, readings)
        except BaseException:
            pass  # the job is over, and nothing of it is left but its leak
        assert engine.pool.checkedout() == 0
