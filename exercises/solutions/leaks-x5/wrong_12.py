bench = given("leaks-x5")


class Ending:
    """Readings that end in an error of our choice."""

    def __init__(self, error=None):
        self.error = error

    def __iter__(self):
        yield from bench.readings
        if self.error is not None:
            raise self.error


def taken_after(job, readings, slots=20):
    engine = bench.new_pool(slots=slots)
    try:
        job(engine, readings)
    except BaseException:
        return engine.pool.checkedout()  # the error is still there
    return engine.pool.checkedout()


def test_gives_back(job):
    assert taken_after(job, Ending()) == 0, "nothing failed"
    assert taken_after(job, Ending(KeyboardInterrupt())) == 0, "Ctrl-C"
    assert taken_after(job, Ending(), slots=1) == 0, "no slot for the second"
