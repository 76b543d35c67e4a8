def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    try:
        stream = retry(feed.stream)()
    except OSError as error:
        raise AssertionError("the retry let an error through") from error
    assert feed.open == 0
