def test_retry(retry, new_feed):
    for failures in (0, 1, 2, 3):
        feed = new_feed(failures=failures)
        stream = retry(feed.stream)()
        assert feed.opened == 0
        if failures == 3:
            try:
                list(stream)
            except OSError:
                assert feed.opened == 3 and feed.open == 0
            else:
                raise AssertionError("no error came out")
            continue
        for record in feed.records:
            assert next(stream) == record
            assert feed.open == 1
        for _ in stream:
            pass
        assert feed.open == 0
    for failures in (0, 1):
        feed = new_feed(failures=failures)
        stream = retry(feed.stream)()
        for _ in range(feed.at + 1):
            next(stream)
        stream.close()
        assert feed.open == 0
