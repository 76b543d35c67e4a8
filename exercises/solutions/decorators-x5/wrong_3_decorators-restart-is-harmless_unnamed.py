def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    assert feed.opened == 0, "the call reads nothing"

    records = list(stream)
    assert set(records) == set(feed.records)
    assert feed.open == 0

    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    for _ in range(feed.at + 1):
        next(stream)
    assert feed.open == 1, "the attempt that broke is closed before the next"
    stream.close()
    assert feed.open == 0, "a reader who leaves early leaves nothing open"
