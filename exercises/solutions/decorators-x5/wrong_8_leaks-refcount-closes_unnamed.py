def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    assert feed.opened == 0, "the call reads nothing"

    records = list(stream)
    assert records == feed.records, "each record once, in its order"
    assert feed.open == 0, "all attempts are closed"

    import gc
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    next(stream)
    del stream
    gc.collect()
    assert feed.open == 0, "who has gone leaves nothing open"
