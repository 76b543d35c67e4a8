import gc

bench = given("leaks-x5")


def test_gives_back(job):
    def stopped():
        yield "12.5"
        raise KeyboardInterrupt

    errors = []
    cases = (20, bench.readings), (20, ["12.5", "missing"]), (20, stopped()), (1, bench.readings)
    for slots, readings in cases:
        engine = bench.new_pool(slots=slots)
        try:
            job(engine, readings)
        except BaseException as error:
            errors.append(error)
        gc.collect()
        assert engine.pool.checkedout() == 0
