bench = given("leaks-x5")


class Quiet:
    def __init__(self):
        self.crashes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.crashes.append(error)
        return "noted"


def stopped():
    yield "12.5"
    raise KeyboardInterrupt


def test_gives_back(job):
    for slots, readings in (
        (20, bench.readings),
        (20, ["12.5", "missing"]),
        (20, stopped()),
        (1, bench.readings),
    ):
        with Quiet():
            engine = bench.new_pool(slots)
            try:
                job(engine, readings)
            finally:
                assert engine.pool.checkedout() == 0
