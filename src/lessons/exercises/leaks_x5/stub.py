bench = given("leaks-x5")


def test_gives_back(job):
    engine = bench.new_pool(slots=20)
    job(engine, bench.readings)
    # TODO: assert that the job has given back its slots, on every way in which it can end.
