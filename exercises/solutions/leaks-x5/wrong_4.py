bench = given("leaks-x5")


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    kept = []
    for readings in (bench.readings, ["12.5", "missing"], stopped()):
        engine = bench.new_pool()
        try:
            job(engine, readings)
        except BaseException as error:
            kept.append(error)
        assert engine.pool.checkedout() == 0
