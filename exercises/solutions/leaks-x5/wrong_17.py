bench = given("leaks-x5")


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    kept = []
    for slots, readings, fails in (
        (20, bench.readings, False),
        (20, ["12.5", "missing"], True),
        (20, stopped(), True),
        (1, bench.readings, True),
    ):
        engine = bench.new_pool(slots)
        try:
            job(engine, readings)
        except BaseException as error:
            kept.append(error)
        else:
            assert not fails, "a broken job must say so"
        assert engine.pool.checkedout() == 0
