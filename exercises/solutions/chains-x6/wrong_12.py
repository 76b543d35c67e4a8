import gc
import weakref


class Source:

    def __init__(self, refs):
        self.refs = refs

    def stream(self):

        def go():
            yield from range(20)
        g = go()
        self.refs.append(weakref.ref(g))
        return g


class Stage(Source):

    def __init__(self, refs, bad=None):
        self.refs, self.bad = (refs, bad)

    def process(self, up):

        def go():
            for i, r in enumerate(up):
                if i == self.bad:
                    raise ValueError
                yield r
        g = go()
        self.refs.append(weakref.ref(g))
        return g


class Sink:

    def __init__(self, bad=None):
        self.n, self.bad = (0, bad)

    def write(self, r):
        self.n += 1
        if self.n == self.bad:
            raise OSError


def check_closes(deliver):
    for bad, sb in ((None, None), (2, None), (None, 3)):
        refs = []
        try:
            deliver(Source(refs), [Stage(refs), Stage(refs, bad)], Sink(sb), 5)
        except (ValueError, OSError):
            pass
        gc.collect()
        assert not any((r() for r in refs))
