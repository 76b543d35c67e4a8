def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    records = list(stream)
    assert records == feed.records
    assert feed.opened == 1, "one attempt has to do"
