def test_retry(retry, new_feed):
    feed = new_feed(failures=0)
    stream = retry(feed.stream)()
    assert feed.opened == 0, "the call reads nothing"

    records = list(stream)
    assert records == feed.records, "each record once, in its order"
    assert feed.open == 0, "all attempts are closed"
