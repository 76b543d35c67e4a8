def test_retry(retry, new_feed):
    assert list(retry(new_feed(failures=3).stream)())
