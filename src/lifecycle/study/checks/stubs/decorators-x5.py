def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    records = list(stream)
    # TODO: assert what holds after a right retry, and does not after one that delivers twice or leaks.
