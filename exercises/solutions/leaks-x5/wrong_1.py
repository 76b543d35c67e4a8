bench = given("leaks-x5")


def test_gives_back(job):
    engine = bench.new_pool(slots=20)
    count = job(engine, bench.readings)
    assert count == len(bench.readings)
    assert engine.pool.checkedout() == 0
