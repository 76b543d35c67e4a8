bench = given("leaks-x5")


def test_gives_back(job):
    engine = bench.new_pool()
    with engine.connect() as first, engine.connect() as second:
        assert not first.closed and not second.closed
    assert engine.pool.checkedout() == 0
