def with_highest(stream):
    before = None
    for reading in stream:
        if before is not None:
            yield before
        highest = reading["celsius"] if before is None else max(before["highest"], reading["celsius"])
        before = {**reading, "highest": highest}
    if before is not None:
        yield before
