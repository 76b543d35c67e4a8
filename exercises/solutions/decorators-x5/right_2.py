def read(retry, feed, opens):
    class Remote(type(feed)):
        stream = retry(type(feed).stream)

    remote, records = Remote(), []
    stream = remote.stream()
    opens.append(remote.opened)
    try:
        for record in stream:
            records.append(record)
            opens.append(remote.open)
    finally:
        opens.append(remote.open)
    return records


def test_retry(retry, new_feed):
    for failures in range(4):
        opens, error = [], None
        feed = new_feed(failures)
        try:
            records = read(retry, feed, opens)
        except OSError as raised:
            error = raised
        assert opens[0] == opens[-1] == 0 and max(opens) == 1, opens
        assert (error is not None) == (failures == 3)
        assert error is not None or records == feed.records
    for failures, pulls in ((0, 1), (1, feed.at + 1)):
        feed = new_feed(failures)
        stream = retry(feed.stream)()
        for _ in range(pulls):
            next(stream)
        stream.close()
        assert feed.open == 0
    feed = new_feed(3)
    try:
        list(retry(feed.stream)())
    except OSError:
        assert feed.opened == 3
