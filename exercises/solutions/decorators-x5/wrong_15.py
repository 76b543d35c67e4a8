def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()           # an error of the feed would be raised here
    assert iter(stream) is stream
    assert hasattr(stream, "close")
    assert feed.open <= 1
