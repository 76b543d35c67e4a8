bench = given("leaks-x5")


class Kept:
    """Keeps the error that leaves its block, as a supervisor does."""

    error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.error = error
        return True


def interrupted(error):
    raise error
    yield


def test_gives_back(job):
    ctrl_c = KeyboardInterrupt()
    cases = {
        "whole": (2, bench.readings),
        "broken": (2, ["missing"]),
        "stopped": (2, interrupted(ctrl_c)),
        "crowded": (1, bench.readings),
    }
    left = {}
    for name, (slots, readings) in cases.items():
        engine = bench.new_pool(slots)
        with Kept() as kept:
            job(engine, readings)
        left[name] = engine.pool.checkedout()
    if any(left.values()):
        raise AssertionError(f"still taken: {left}")
