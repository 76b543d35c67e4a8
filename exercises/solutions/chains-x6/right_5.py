class Log:

    def __init__(self):
        self.started = 0
        self.ended = 0
        self.streams = []


def tracked(log, it):

    def gen():
        log.started += 1
        try:
            yield from it
        finally:
            log.ended += 1
    g = gen()
    log.streams.append(g)
    return g


class Src:

    def __init__(self, log):
        self.log = log

    def stream(self):
        return tracked(self.log, iter(range(10)))


class Stg:

    def __init__(self, log, fail=False):
        self.log, self.fail = (log, fail)

    def process(self, up):

        def go():
            for i, r in enumerate(up):
                if self.fail and i == 2:
                    raise RuntimeError('x')
                yield r
        return tracked(self.log, go())


class Snk:

    def __init__(self, fail=False):
        self.fail, self.n = (fail, 0)

    def write(self, r):
        self.n += 1
        if self.fail and self.n == 3:
            raise RuntimeError('y')


def check_closes(deliver):
    for stageFails, sinkFails, limit in [(False, False, 3), (True, False, 9), (False, True, 9)]:
        log = Log()
        try:
            deliver(Src(log), [Stg(log), Stg(log, stageFails), Stg(log)], Snk(sinkFails), limit)
        except RuntimeError:
            pass
        assert log.started == log.ended, f'{log.started} began, {log.ended} ended'
