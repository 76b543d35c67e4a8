def with_highest(stream):
    stream = iter(stream)
    reading = next(stream)
    highest = reading["celsius"]
    yield {**reading, "highest": highest}
    for reading in stream:
        highest = max(highest, reading["celsius"])
        yield {**reading, "highest": highest}
