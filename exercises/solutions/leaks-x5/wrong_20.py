bench = given("leaks-x5")


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    kept = []
    for slots, readings in [
        (20, bench.readings),
        (20, [*bench.readings, "missing"]),
        (20, stopped()),
        (1, bench.readings),
    ]:
        engine = bench.new_pool(slots)
        try:
            result = job(engine, readings)
            counted = result
        except BaseException as error:
            kept.append(error)
        if readings is bench.readings and slots == 20:
            assert counted == len(readings)
        assert engine.pool.checkedout() == 0
