def test_retry(retry, new_feed):
    feed = new_feed(failures=0)
    stream = retry(feed.stream)()
    assert feed.opened == 0 and feed.open == 0
    assert len(list(stream)) == len(feed.records)
    assert feed.open == 0
    for failures in (1, 2):
        feed = new_feed(failures=failures)
        stream = retry(feed.stream)()
        assert feed.opened == 0
        got = []
        for record in stream:
            got.append(record)
            assert feed.open == 1
        assert len(got) == len(feed.records)
        assert feed.opened == failures + 1
        assert feed.open == 0
    feed = new_feed(failures=3)
    try:
        for record in retry(feed.stream)():
            pass
    except OSError:
        pass
    else:
        raise AssertionError('no error')
    assert feed.opened == 3 and feed.open == 0
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    for i in range(feed.at + 1):
        next(stream)
    stream.close()
    assert feed.open == 0
