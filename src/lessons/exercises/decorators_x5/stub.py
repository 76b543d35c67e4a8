def test_retry(retry, new_feed):
    feed = new_feed(failures=1)
    stream = retry(feed.stream)()
    records = list(stream)
    # TODO: assert what a right retry promises, and one that delivers twice or leaks does not keep.
