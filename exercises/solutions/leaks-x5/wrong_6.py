bench = given("leaks-x5")


def test_gives_back(job):
    kept = []
    for slots, readings in (
        (20, bench.readings),
        (20, ["12.5", "missing"]),
        (1, bench.readings),
    ):
        engine = bench.new_pool(slots)
        try:
            job(engine, readings)
        except Exception as error:
            kept.append(error)
        assert engine.pool.checkedout() == 0
