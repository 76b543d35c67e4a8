bench = given("leaks-x5")
def test_gives_back(job):
    def stopped():
        yield "12.5"
        raise KeyboardInterrupt
    kept = []
    for slots, readings in [(20, bench.readings), (20, ["12.5", "x"]), (20, stopped()), (1, bench.readings)]:
        engine = bench.new_pool(slots)
        try:
            job(engine, readings)
        except Exception as error:
            kept.append(error)
        assert engine.pool.checkedout() == 0
