bench = given("leaks-x5")


def test_gives_back(job):
    for slots, readings in ((20, bench.readings), (20, ["12.5", "missing"]), (1, bench.readings)):
        engine = bench.new_pool(slots)
        job(engine, readings)
        assert engine.pool.checkedout() == 0
