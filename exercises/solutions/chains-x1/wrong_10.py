def with_highest(stream):
    highest = float("-inf")
    for reading in itertools.islice(stream, 7):
        highest = max(highest, reading["celsius"])
        yield {**reading, "highest": highest}
