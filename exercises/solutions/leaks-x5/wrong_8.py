bench = given("leaks-x5")


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    # Where nothing fails the function returns, and its names go: nothing to test there.
    kept = []
    for slots, readings in ((20, ["12.5", "missing"]), (20, stopped()), (1, bench.readings)):
        engine = bench.new_pool(slots)
        try:
            job(engine, readings)
        except BaseException as error:
            kept.append(error)
            assert engine.pool.checkedout() == 0
