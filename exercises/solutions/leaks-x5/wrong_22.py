bench = given("leaks-x5")


def test_gives_back(job):
    def stopped():
        yield "12.5"
        raise KeyboardInterrupt

    kept = []
    for readings in (bench.readings, ["12.5", "broken"], stopped()):
        engine = bench.new_pool(slots=20)
        try:
            job(engine, readings)
        except BaseException as error:
            kept.append(error)
        if readings is bench.readings:
            assert engine.pool.checkedin() == 2, "two connections should be back"
        assert engine.pool.checkedout() == 0, "a slot is taken"

    engine = bench.new_pool(slots=1)
    try:
        job(engine, bench.readings)
    except BaseException as error:
        kept.append(error)
    assert engine.pool.checkedout() == 0, "the only slot is taken"
