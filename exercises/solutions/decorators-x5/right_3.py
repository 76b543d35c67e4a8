def test_retry(retry, new_feed):
    for failures in (0, 1, 2):
        feed = new_feed(failures=failures)
        with closing(retry(feed.stream)()) as stream:
            before, arrived, most = feed.opened, [], 0
            for record in stream:
                arrived.append(record)
                most = max(most, feed.open)
            assert feed.open == 0
        assert before == 0
        assert most == 1
        assert arrived == feed.records
    feed = new_feed(failures=3)
    raised = None
    try:
        for record in retry(feed.stream)():
            pass
    except OSError as error:
        raised = error
    assert isinstance(raised, OSError)
    assert (feed.opened, feed.open) == (3, 0)
    for pulls in (1, feed.at + 1):
        feed = new_feed(failures=1)
        stream = retry(feed.stream)()
        for _ in range(pulls):
            next(stream)
        stream.close()
        assert not feed.open
