bench = given("leaks-x5")


def test_gives_back(job):
    def stopped():
        yield "12.5"
        raise KeyboardInterrupt

    kept = []
    for slots, readings in (
        (20, bench.readings),
        (20, ["12.5", "broken"]),
        (20, stopped()),
        (1, bench.readings),
    ):
        engine = bench.new_pool(slots=slots)
        result = None
        try:
            result = job(engine, readings)
        except BaseException as error:
            kept.append(error)
        else:
            if slots > 1 and readings is bench.readings:
                assert result, "the job says that it converted nothing"
        assert engine.pool.checkedout() == 0, "a slot is taken"
