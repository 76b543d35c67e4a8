import contextlib
bench = given("leaks-x5")
def test_gives_back(job):
    errors = []
    @contextlib.contextmanager
    def collecting():
        try:
            yield
        except BaseException as error:
            errors.append(error)
    ctrl_c = KeyboardInterrupt("Ctrl-C")
    def interrupted():
        yield from bench.readings[:2]
        raise ctrl_c
    cases = [(bench.new_pool(), bench.readings), (bench.new_pool(), [*bench.readings, "oops"]),
             (bench.new_pool(), interrupted()), (bench.new_pool(slots=1), bench.readings)]
    for pool, rows in cases:
        with collecting():
            job(pool, rows)
    assert [pool.pool.checkedout() for pool, _ in cases] == [0, 0, 0, 0]
