def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()

    records = list(stream)
    assert records == feed.records, "each record once, in its order"
    assert feed.open == 0, "all attempts are closed"

    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    for _ in range(feed.at + 1):
        next(stream)
    assert feed.open <= 1, "the attempt that broke is closed before the next"
    stream.close()
    assert feed.open == 0, "a reader who leaves early leaves nothing open"

    feed = new_feed(failures=2)
    assert list(retry(feed.stream)()) == feed.records
    feed = new_feed(failures=3)
    try:
        list(retry(feed.stream)())
    except OSError:
        pass
    else:
        raise AssertionError("the last error goes on")
