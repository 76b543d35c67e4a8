def with_highest(stream):
    highest = None
    for reading in stream:
        highest = max(highest, reading["celsius"])
        yield {**reading, "highest": highest}
