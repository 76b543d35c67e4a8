import unittest


class Source:

    def __init__(self, kept):
        self.kept = kept

    def stream(self):
        s = self._go()
        self.kept.append(s)
        return s

    def _go(self):
        yield from range(20)


class Stage:

    def __init__(self, kept, bad=None):
        self.kept, self.bad = (kept, bad)

    def process(self, stream):
        s = self._go(stream)
        self.kept.append(s)
        return s

    def _go(self, stream):
        for n, r in enumerate(stream):
            if n == self.bad:
                raise ValueError('bad record')
            yield r


class Sink:

    def __init__(self, bad=None):
        self.rows, self.bad = ([], bad)

    def write(self, r):
        if len(self.rows) == self.bad:
            raise OSError('disk full')
        self.rows.append(r)


class T(unittest.TestCase):

    def runTest(self):
        pass


def check_closes(deliver):
    t = T()
    k = []
    deliver(Source(k), [Stage(k)] * 3, Sink(), 4)
    t.assertFalse([s for s in k if getgeneratorstate(s) == 'GEN_SUSPENDED'])
    k = []
    with t.assertRaises(ValueError):
        deliver(Source(k), [Stage(k), Stage(k, 1), Stage(k)], Sink(), 4)
    t.assertFalse([s for s in k if getgeneratorstate(s) == 'GEN_SUSPENDED'])
    k = []
    with t.assertRaises(OSError):
        deliver(Source(k), [Stage(k), Stage(k)], Sink(1), 4)
    t.assertFalse([s for s in k if getgeneratorstate(s) == 'GEN_SUSPENDED'])
