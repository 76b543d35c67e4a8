import gc

from sqlalchemy import Connection

bench = given("leaks-x5")


def referred_to():
    return sum(isinstance(one, Connection) for one in gc.get_objects())


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    before = referred_to()
    job(bench.new_pool(), bench.readings)
    assert referred_to() == before  # what somebody still refers to is still open
    kept = []
    for slots, readings in ((20, ["12.5", "missing"]), (20, stopped()), (1, bench.readings)):
        engine = bench.new_pool(slots)
        try:
            job(engine, readings)
        except BaseException as error:
            kept.append(error)
        assert engine.pool.checkedout() == 0
