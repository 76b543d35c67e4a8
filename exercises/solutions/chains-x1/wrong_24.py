def with_highest(stream, highest=float("-inf")):
    for reading in stream:
        highest = max(highest, reading["celsius"])
        yield {**reading, "highest": highest}
        yield from with_highest(stream, highest)
