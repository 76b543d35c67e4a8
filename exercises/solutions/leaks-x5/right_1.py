bench = given("leaks-x5")


def stopped(error):
    yield "12.5"
    raise error


def test_gives_back(job):
    kept = []
    ctrl_c = KeyboardInterrupt()
    for slots, readings in (
        (20, bench.readings),
        (20, ["12.5", "missing", "3.0"]),
        (20, stopped(ctrl_c)),
        (1, bench.readings),
    ):
        engine = bench.new_pool(slots)
        try:
            job(engine, readings)
        except BaseException as error:
            kept.append(error)
        assert engine.pool.checkedout() == 0, f"{slots} slots, {kept}"
