def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    assert feed.opened == 1, "it is connected"

    records = list(stream)
    assert records == feed.records, "each record once, in its order"
    assert feed.open == 0, "all attempts are closed"

    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    for _ in range(feed.at + 1):
        next(stream)
    assert feed.open == 1, "the attempt that broke is closed before the next"
    stream.close()
    assert feed.open == 0, "a reader who leaves early leaves nothing open"

    feed, records = new_feed(failures=2), []
    for record in retry(feed.stream)():
        records.append(record)
        assert feed.open == 1, "nor is the second one that broke"
    assert records == feed.records
    feed = new_feed(failures=3)
    try:
        list(retry(feed.stream)())
    except OSError:
        pass
    else:
        raise AssertionError("the last error goes on")
