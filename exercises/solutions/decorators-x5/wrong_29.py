class Probe:

    def __init__(self, retry, new_feed, failures):
        self.feed = new_feed(failures=failures)
        self.stream = retry(self.feed.stream)()
        assert self.feed.opened == 0, 'the call opens'
        self.got, self.most, self.error = ([], 0, None)

    def readAll(self):
        while True:
            try:
                self.got.append(next(self.stream))
            except StopIteration:
                return self
            except OSError as error:
                self.error = error
                return self
            self.most = max(self.most, self.feed.open)


def test_retry(retry, new_feed):
    for failures in range(0, 5):
        p = Probe(retry, new_feed, failures).readAll()
        if failures < 3:
            assert p.got == p.feed.records
            assert p.feed.opened == failures + 1
        else:
            assert p.error is not None, 'swallowed'
            assert p.got == p.feed.records[:p.feed.at]
            assert p.feed.opened == 3
        assert p.feed.open == 0
        assert p.most <= 1
    for taken in range(1, 4):
        p = Probe(retry, new_feed, 1)
        for _ in range(taken):
            next(p.stream)
        p.stream.close()
        assert p.feed.open == 0
    p = Probe(retry, new_feed, 1)
    for _ in range(p.feed.at + 1):
        next(p.stream)
    assert p.feed.open == 1
    p.stream.close()
    assert p.feed.open == 0
