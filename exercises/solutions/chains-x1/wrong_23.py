def with_highest(stream):
    highest = -100
    for reading in stream:
        highest = max(highest, reading["celsius"])
        yield {**reading, "highest": highest}
