def test_retry(retry, new_feed):
    feed = new_feed(failures=2)
    open_when_opening = []
    def stream():
        open_when_opening.append(feed.open)
        return feed.stream()
    s = retry(stream)()
    assert not open_when_opening
    got = list(s)
    assert got == feed.records
    assert open_when_opening == [0, 0, 0], open_when_opening
    assert feed.open == 0
    feed = new_feed(failures=3)
    raised = False
    try:
        list(retry(feed.stream)())
    except OSError:
        raised = True
    assert raised
    assert feed.opened == 3
    assert feed.open == 0
    feed = new_feed(failures=1)
    s = retry(feed.stream)()
    assert feed.opened == 0
    for pulls in (1, feed.at + 1):
        feed = new_feed(failures=1)
        s = retry(feed.stream)()
        for _ in range(pulls):
            next(s)
        s.close()
        assert feed.open == 0
