bench = given("leaks-x5")


engines = {slots: bench.new_pool(slots) for slots in (1, 20)}


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    kept = []
    for slots, readings in (
        (20, bench.readings),
        (20, ["12.5", "missing"]),
        (20, stopped()),
        (1, bench.readings),
    ):
        try:
            job(engines[slots], readings)
        except BaseException as error:
            kept.append(error)
        assert engines[slots].pool.checkedout() == 0
    return kept
